# A sawtooth heap: grows by 1 MiB every 2 ms to 48 MiB, lets all go and starts again. The number of steps is fixed, so
# that a busy machine only makes it slower. Argument: duration in seconds.
import sys
import time

heap = []
for _ in range(round(float(sys.argv[1]) * 350)):
    if len(heap) == 48:
        heap = []
    heap.append(bytearray(b"1") * (1 << 20))
    time.sleep(0.002)
