// Starts the target: `launch-stub FD`, where FD is a socket to cmemstat.
//
// cmemstat writes one request (struct request and what follows it). The stub opens the cgroup.procs files,
// starts a child that shares its memory until exec, as vfork(2) does, and stays as the child's parent. The
// child changes its working directory, writes 0 to the files, restores descriptors and limit, becomes another
// user if asked to, restores signals, and becomes the target. As it has no memory of its own until then,
// nothing but the target is charged to the cgroup. The stub reports how the start ended (struct started), and
// sends SIGCHLD to cmemstat, which reads the socket then, as it does when the stub ends. Then it waits for
// the target and reports its whole wait status (struct ended): Node.js has no way to say that a real-time
// signal ended a process.
//
// No C library: it starts in a fraction of the time of a shell, and works with any.

typedef unsigned char u8;
typedef int i32;
typedef unsigned int u32;
typedef long i64;
typedef unsigned long u64;

#if defined(__x86_64__)
enum {
  SYS_read = 0, SYS_write = 1, SYS_close = 3, SYS_mmap = 9, SYS_rt_sigaction = 13, SYS_rt_sigprocmask = 14, SYS_getpid = 39,
  SYS_clone = 56, SYS_execve = 59, SYS_wait4 = 61, SYS_kill = 62, SYS_fcntl = 72, SYS_chdir = 80, SYS_getppid = 110,
  SYS_setgroups = 116, SYS_setresuid = 117, SYS_setresgid = 119, SYS_capget = 125, SYS_capset = 126, SYS_prctl = 157,
  SYS_exit_group = 231, SYS_openat = 257, SYS_dup3 = 292, SYS_prlimit64 = 302, SYS_close_range = 436,
};

static i64 syscall6(i64 number, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f) {
  i64 result;
  register u64 r10 __asm__("r10") = d;
  register u64 r8 __asm__("r8") = e;
  register u64 r9 __asm__("r9") = f;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}

__asm__(".globl _start\n"
        "_start:\n"
        "  mov %rsp, %rdi\n"
        "  xor %ebp, %ebp\n"
        "  and $-16, %rsp\n"
        "  call stub_main\n"
        "  ud2\n"
        // i64 clone_call(u64 flags, void *stack, void (*function)(void *), void *argument): the child calls
        // the function.
        ".globl clone_call\n"
        "clone_call:\n"
        "  mov %rdx, %r8\n"
        "  mov %rcx, %r9\n"
        "  xor %edx, %edx\n"
        "  xor %r10d, %r10d\n"
        "  mov $56, %eax\n"
        "  syscall\n"
        "  test %eax, %eax\n"
        "  jnz 1f\n"
        "  xor %ebp, %ebp\n"
        "  mov %r9, %rdi\n"
        "  call *%r8\n"
        "  ud2\n"
        "1: ret\n");
#elif defined(__aarch64__)
enum {
  SYS_dup3 = 24, SYS_fcntl = 25, SYS_chdir = 49, SYS_openat = 56, SYS_close = 57, SYS_read = 63, SYS_write = 64,
  SYS_capget = 90, SYS_capset = 91, SYS_exit_group = 94, SYS_kill = 129, SYS_rt_sigaction = 134, SYS_rt_sigprocmask = 135, SYS_setresuid = 147,
  SYS_setresgid = 149, SYS_setgroups = 159, SYS_prctl = 167, SYS_getpid = 172,
  SYS_getppid = 173, SYS_clone = 220, SYS_execve = 221, SYS_mmap = 222, SYS_wait4 = 260, SYS_prlimit64 = 261, SYS_close_range = 436,
};

static i64 syscall6(i64 number, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f) {
  register i64 x8 __asm__("x8") = number;
  register u64 x0 __asm__("x0") = a;
  register u64 x1 __asm__("x1") = b;
  register u64 x2 __asm__("x2") = c;
  register u64 x3 __asm__("x3") = d;
  register u64 x4 __asm__("x4") = e;
  register u64 x5 __asm__("x5") = f;
  __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return (i64)x0;
}

__asm__(".globl _start\n"
        "_start:\n"
        "  mov x0, sp\n"
        "  mov x29, #0\n"
        "  mov x30, #0\n"
        "  bl stub_main\n"
        "  brk #1\n"
        ".globl clone_call\n"
        "clone_call:\n"
        "  mov x5, x2\n"
        "  mov x6, x3\n"
        "  mov x2, #0\n"
        "  mov x3, #0\n"
        "  mov x4, #0\n"
        "  mov x8, #220\n"
        "  svc #0\n"
        "  cbnz x0, 1f\n"
        "  mov x29, #0\n"
        "  mov x0, x6\n"
        "  blr x5\n"
        "  brk #1\n"
        "1: ret\n");
#else
#error "no system call numbers for this architecture"
#endif

extern i64 clone_call(u64 flags, void *stack, void (*function)(void *), void *argument);

#define CALL3(number, a, b, c) syscall6(number, (u64)(a), (u64)(b), (u64)(c), 0, 0, 0)
#define CALL4(number, a, b, c, d) syscall6(number, (u64)(a), (u64)(b), (u64)(c), (u64)(d), 0, 0)

// Source: include/uapi/asm-generic; the same on both architectures.
enum {
  EINTR = 4, ENOEXEC = 8, ENOMEM = 12, EPROTO = 71,
  AT_FDCWD = -100, O_WRONLY = 1, O_CLOEXEC = 02000000, F_SETFD = 2, FD_CLOEXEC = 1,
  PROT_READ = 1, PROT_WRITE = 2, MAP_PRIVATE = 2, MAP_ANONYMOUS = 0x20,
  CLONE_VM = 0x100, CLONE_VFORK = 0x4000, SIGCHLD = 17, SIGKILL = 9,
  SIG_SETMASK = 2, MAX_SIGNAL = 64, SIGSET_BYTES = 8, PR_SET_PDEATHSIG = 1, PR_SET_NO_NEW_PRIVS = 38,
  RLIMIT_NOFILE = 7, LINUX_CAPABILITY_VERSION_3 = 0x20080522,
};

// The steps that can fail, as numbered in src/target/stub-protocol.ts.
enum {
  STEP_NONE = 0, STEP_REQUEST = 1, STEP_JOIN = 2, STEP_DESCRIPTOR = 3, STEP_LIMIT = 4, STEP_EXEC = 5, STEP_CLONE = 6,
  STEP_DIRECTORY = 7, STEP_SETGROUPS = 8, STEP_SETRESGID = 9, STEP_SETRESUID = 10, STEP_CAPSET = 11,
  STEP_NO_NEW_PRIVS = 12,
};

enum {
  MAGIC = 0x33534d43, SETS_LIMIT = 1, SETS_USER = 2, NO_NEW_PRIVS = 4, STACK_BYTES = 16384, MAX_JOINS = 16,
  MAX_GROUPS = 65536,
};

// Followed by `moves` pairs of i32 (from, to; with from -1, `to` is a variable that gets the pid of the
// target), by `groups` numbers (u32) of supplementary groups, then by strings that end in NUL: the files to
// join by, the working directory (empty for that of cmemstat), the path to execute, the arguments, the
// environment.
struct request {
  u32 magic, bytes, joins, moves, arguments, variables, flags, groups;
  u64 ignored, blocked, soft, hard;
  u32 uid, gid;
};

struct started { u32 kind; i32 pid; u32 step; i32 error; };
struct ended { u32 kind; i32 status; u64 user_us, system_us, max_rss_kib; };

struct kernel_sigaction { u64 handler, flags, restorer, mask; };
struct cap_header { u32 version; i32 pid; };
struct cap_data { u32 effective, permitted, inheritable; };
struct rusage { i64 user[2], system[2], max_rss, rest[13]; };

struct launch {
  const struct request *request;
  const i32 *moves;
  const u32 *groups;
  i32 joins[MAX_JOINS];
  char *directory;
  char *path;
  // One word more in front: room for the shell of a script that names no interpreter.
  char **words;
  char **variables;
  u32 step;
  i32 error;
};

static void quit(i32 status) {
  for (;;) CALL3(SYS_exit_group, status, 0, 0);
}

static i64 write_all(i32 fd, const void *data, u64 size) {
  for (u64 done = 0; done < size;) {
    i64 count = CALL3(SYS_write, fd, (const u8 *)data + done, size - done);
    if (count == -EINTR) continue;
    if (count < 0) return count;
    done += (u64)count;
  }
  return 0;
}

static i64 read_all(i32 fd, void *data, u64 size) {
  for (u64 done = 0; done < size;) {
    i64 count = CALL3(SYS_read, fd, (u8 *)data + done, size - done);
    if (count == -EINTR) continue;
    if (count <= 0) return count < 0 ? count : -EPROTO;
    done += (u64)count;
  }
  return 0;
}

static void fail(struct launch *launch, u32 step, i64 error) {
  launch->step = step;
  launch->error = (i32)-error;
  quit(127);
}

// Replaces the value, which is longer than any pid.
static void write_pid(char *variable) {
  while (*variable != '=') variable++;
  u32 pid = (u32)CALL3(SYS_getpid, 0, 0, 0), digits = 1;
  for (u32 rest = pid; rest >= 10; rest /= 10) digits++;
  variable[digits + 1] = 0;
  for (; digits > 0; digits--, pid /= 10) variable[digits] = (char)('0' + pid % 10);
}

// Only this task changes: with system calls, and not those of a C library, credentials belong to a task.
static void change_user(struct launch *launch) {
  const struct request *request = launch->request;
  u32 uid = request->uid, gid = request->gid;
  i64 error = CALL3(SYS_setgroups, request->groups, launch->groups, 0);
  if (error < 0) fail(launch, STEP_SETGROUPS, error);
  error = CALL3(SYS_setresgid, gid, gid, gid);
  if (error < 0) fail(launch, STEP_SETRESGID, error);
  error = CALL3(SYS_setresuid, uid, uid, uid);
  if (error < 0) fail(launch, STEP_SETRESUID, error);
  // The inheritable set survives a change of user, and the others do under some securebits(7). A capability
  // that is not inheritable is not ambient either.
  struct cap_header header;
  header.version = LINUX_CAPABILITY_VERSION_3;
  header.pid = 0;
  struct cap_data data[2];
  error = CALL3(SYS_capget, &header, data, 0);
  for (u32 at = 0; at < 2; at++) {
    data[at].inheritable = 0;
    if (uid != 0) data[at].effective = data[at].permitted = 0;
  }
  if (error >= 0) error = CALL3(SYS_capset, &header, data, 0);
  if (error < 0) fail(launch, STEP_CAPSET, error);
}

// In the child, on memory of the stub: until exec the stub is suspended.
static void become_target(void *argument) {
  struct launch *launch = argument;
  const struct request *request = launch->request;
  // Before it joins: looking up a path may allocate kernel memory.
  if (launch->directory[0] != 0) {
    i64 error = CALL3(SYS_chdir, launch->directory, 0, 0);
    if (error < 0) fail(launch, STEP_DIRECTORY, error);
  }
  for (u32 at = 0; at < request->joins; at++) {
    i64 error = write_all(launch->joins[at], "0", 1);
    if (error < 0) fail(launch, STEP_JOIN, error);
  }
  for (u32 at = 0; at < request->moves; at++) {
    i32 from = launch->moves[2 * at], to = launch->moves[2 * at + 1];
    if (from < 0) {
      write_pid(launch->variables[to]);
      continue;
    }
    i64 error = CALL3(SYS_dup3, from, to, 0);
    if (error < 0) fail(launch, STEP_DESCRIPTOR, error);
    CALL3(SYS_close, from, 0, 0);
  }
  if (request->flags & SETS_LIMIT) {
    i64 error = CALL4(SYS_prlimit64, 0, RLIMIT_NOFILE, &request->soft, 0);
    if (error < 0) fail(launch, STEP_LIMIT, error);
  }
  // While signals are blocked: the new user may send some.
  if (request->flags & SETS_USER) change_user(launch);
  if (request->flags & NO_NEW_PRIVS) {
    i64 error = syscall6(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0);
    if (error < 0) fail(launch, STEP_NO_NEW_PRIVS, error);
  }
  struct kernel_sigaction action;
  action.flags = action.restorer = action.mask = 0;
  for (u32 signal = 1; signal <= MAX_SIGNAL; signal++) {
    action.handler = (request->ignored >> (signal - 1)) & 1;
    CALL4(SYS_rt_sigaction, signal, &action, 0, SIGSET_BYTES);
  }
  CALL4(SYS_rt_sigprocmask, SIG_SETMASK, &request->blocked, 0, SIGSET_BYTES);
  i64 error = CALL3(SYS_execve, launch->path, launch->words + 1, launch->variables);
  if (error == -ENOEXEC) {
    // As execvp(3) does.
    launch->words[0] = (char *)"/bin/sh";
    launch->words[1] = launch->path;
    error = CALL3(SYS_execve, "/bin/sh", launch->words, launch->variables);
  }
  fail(launch, STEP_EXEC, error);
}

// The next string; a request that ends without NUL is refused before.
static char *take_string(u8 **position) {
  char *text = (char *)*position;
  while (**position != 0) ++*position;
  ++*position;
  return text;
}

static void report_start(i32 channel, i32 pid, u32 step, i64 error) {
  struct started message;
  message.kind = 1;
  message.pid = pid;
  message.step = step;
  message.error = (i32)error;
  write_all(channel, &message, sizeof message);
  // 0 is a process outside of our pid namespace. cmemstat reads the socket from time to time anyway.
  i64 parent = CALL3(SYS_getppid, 0, 0, 0);
  if (parent > 0) CALL3(SYS_kill, parent, SIGCHLD, 0);
}

static void refuse(i32 channel, u32 step, i64 error) {
  report_start(channel, 0, step, -error);
  quit(125);
}

void stub_main(i64 *stack) {
  char **arguments = (char **)(stack + 1);
  if (stack[0] != 2) quit(125);
  i32 channel = 0;
  for (char *digit = arguments[1]; *digit != 0; digit++) channel = channel * 10 + (*digit - '0');
  // What is typed at the terminal is for the target: its parent stays until it has ended.
  u64 all = ~0UL;
  CALL4(SYS_rt_sigprocmask, SIG_SETMASK, &all, 0, SIGSET_BYTES);
  CALL3(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0);
  CALL3(SYS_fcntl, channel, F_SETFD, FD_CLOEXEC);

  struct request request;
  i64 error = read_all(channel, &request, sizeof request);
  if (error < 0) refuse(channel, STEP_REQUEST, error);
  if (request.magic != MAGIC || request.joins > MAX_JOINS || request.groups > MAX_GROUPS)
    refuse(channel, STEP_REQUEST, -EPROTO);
  u64 payload = (request.bytes + 15UL) & ~15UL;
  u64 pointers = 8UL * (request.arguments + 2UL + request.variables + 1UL);
  u64 size = payload + pointers + 16 + STACK_BYTES;
  i64 memory =
      syscall6(SYS_mmap, 0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, (u64)-1L, 0);
  if (memory < 0 && memory > -4096) refuse(channel, STEP_REQUEST, -ENOMEM);
  u8 *data = (u8 *)memory;
  error = read_all(channel, data, request.bytes);
  if (error < 0) refuse(channel, STEP_REQUEST, error);
  u64 moves_bytes = 8UL * request.moves, numbers_bytes = moves_bytes + 4UL * request.groups;
  if (request.bytes <= numbers_bytes || data[request.bytes - 1] != 0) refuse(channel, STEP_REQUEST, -EPROTO);
  u32 strings = 0;
  for (u64 at = numbers_bytes; at < request.bytes; at++) strings += data[at] == 0;
  if (strings != request.joins + 2 + request.arguments + request.variables) refuse(channel, STEP_REQUEST, -EPROTO);

  struct launch launch;
  launch.request = &request;
  launch.moves = (const i32 *)data;
  launch.groups = (const u32 *)(data + moves_bytes);
  launch.step = STEP_NONE;
  launch.error = 0;
  launch.words = (char **)(data + payload);
  launch.variables = launch.words + request.arguments + 2;
  u8 *position = data + numbers_bytes;
  for (u32 at = 0; at < request.joins; at++) {
    i64 fd = CALL4(SYS_openat, AT_FDCWD, take_string(&position), O_WRONLY | O_CLOEXEC, 0);
    if (fd < 0) refuse(channel, STEP_JOIN, fd);
    launch.joins[at] = (i32)fd;
  }
  launch.directory = take_string(&position);
  launch.path = take_string(&position);
  for (u32 at = 0; at < request.arguments; at++) launch.words[1 + at] = take_string(&position);
  for (u32 at = 0; at < request.variables; at++) launch.variables[at] = take_string(&position);

  void *top = (void *)(((u64)data + size) & ~15UL);
  i64 pid = clone_call(CLONE_VM | CLONE_VFORK | SIGCHLD, top, become_target, &launch);
  if (pid < 0) refuse(channel, STEP_CLONE, pid);
  // The other end of a pipe has to see that the target closed it.
  if (channel > 0) CALL3(SYS_close_range, 0, channel - 1, 0);
  if (CALL3(SYS_close_range, channel + 1, ~0U, 0) < 0)
    for (i32 fd = 0; fd < 4096; fd++)
      if (fd != channel) CALL3(SYS_close, fd, 0, 0);
  CALL3(SYS_chdir, "/", 0, 0);
  report_start(channel, (i32)pid, launch.step, launch.error);

  struct ended message;
  struct rusage usage;
  i32 status = 0;
  while (CALL4(SYS_wait4, pid, &status, 0, &usage) == -EINTR) {
  }
  message.kind = 2;
  message.status = status;
  message.user_us = (u64)(usage.user[0] * 1000000 + usage.user[1]);
  message.system_us = (u64)(usage.system[0] * 1000000 + usage.system[1]);
  message.max_rss_kib = (u64)usage.max_rss;
  write_all(channel, &message, sizeof message);
  quit(0);
}
