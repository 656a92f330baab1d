/** A kernel to be tested, as a Debian suite ships it with its bpftrace. */
export type Kernel = {
  /** Major and minor version; `--kernel` takes it or the suite. */
  readonly name: string;
  readonly suite: 'bookworm' | 'trixie' | 'sid';
};

/** sid moves on. If it has another kernel than its name says, the table shows which. */
export const KERNELS: readonly Kernel[] = [
  { name: '6.1', suite: 'bookworm' },
  { name: '6.12', suite: 'trixie' },
  { name: '7.2', suite: 'sid' },
];

export const BACKENDS = ['fentry', 'kprobe', 'tracepoint'] as const;
export type Backend = (typeof BACKENDS)[number];

/** One guest: a kernel and the backend that finwait uses in it, named `6.12-fentry`. */
export type Cell = { readonly kernel: Kernel; readonly backend: Backend };

/** Debian's name of the newest kernel for virtual machines: small, with BTF and every tracing facility. */
export const KERNEL_PACKAGE = 'linux-image-cloud-amd64';

/** A guest's packages besides Debian's minbase. Node is the project's own; libatomic1 is what it links to. */
export const GUEST_PACKAGES: readonly string[] = [
  'bpftrace',
  'busybox-static',
  'iproute2',
  'kmod',
  'libatomic1',
  'nftables',
  'procps',
  'python3',
];
