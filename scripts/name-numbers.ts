import { TCP_STATES } from '../src/kernel/tcp-state.ts';

type Names = Readonly<Record<string, string>>;

const STATES: Names = Object.fromEntries(TCP_STATES.map((name, state) => [String(state), name]));
/** @see Linux include/net/sock.h, enum sock_flags: these are bits of them */
const SOCK_FLAGS: Names = { '1': 'SOCK_DEAD', '2': 'SOCK_DONE', '16': 'SOCK_LINGER' };
/** @see Linux include/linux/sched.h */
const TASK_FLAGS: Names = { '4': 'PF_EXITING', '0x200000': 'PF_KTHREAD' };
/** The holders of a socket, as probes/parts/holder.bt numbers them. */
const HOLDERS: Names = { '1': 'no file', '2': 'a file', '3': 'last fput' };

/** A number behind such a beginning, and what it is called there. */
const NUMBERS: readonly (readonly [RegExp, Names])[] = [
  [/(\$(?:old|new|last|state) (?:[=!]=|[<>]=?) )(\d+)/g, STATES],
  // A state within a transition, or within the states of a close.
  [/(& 15\) [=!]= )(\d+)/g, STATES],
  [/((?:\$flags|skc_flags) & )(\d+)\b/g, SOCK_FLAGS],
  [/(sk_shutdown & )(\d+)/g, { '3': 'SHUTDOWN_MASK' }],
  [/(\$doing & )(0x[0-9a-f]+|\d+)/g, TASK_FLAGS],
  [/(\$holder [=!]= )(\d+)/g, HOLDERS],
  [/(\$err [=!]= )(\d+)/g, { '104': 'ECONNRESET' }],
  [/(sk_protocol [=!]= )(\d+)/g, { '6': 'IPPROTO_TCP' }],
];

/**
 * Says beside a number of the kernel's how the kernel calls it: `4 /* FIN_WAIT1 *\/`. Not all of the three bpftraces
 * take a `#define` everywhere. Predicates are left as they are, since a name would run into their closing slash: the
 * parts explain their numbers in the line above.
 */
export const withNames = (text: string): string =>
  NUMBERS.reduce(
    (named, [where, names]) =>
      named.replace(where, (whole, _before: string, number: string) => {
        const name = names[number];
        return name === undefined ? whole : `${whole} /* ${name} */`;
      }),
    text,
  );
