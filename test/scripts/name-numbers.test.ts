import { expect, test } from 'vitest';
import { withNames } from '../../scripts/name-numbers.ts';

test.each([
  ['if ($new == 4 || $old != 10) {', 'if ($new == 4 /* FIN_WAIT1 */ || $old != 10 /* LISTEN */) {'],
  ['if ($new < 4) {', 'if ($new < 4 /* FIN_WAIT1 */) {'],
  ['if ((($y.1 >> 4) & 15) != 7) {', 'if ((($y.1 >> 4) & 15) != 7 /* CLOSE */) {'],
  ['$dead = $flags & 1;', '$dead = $flags & 1 /* SOCK_DEAD */;'],
  ['(($sk->sk_shutdown & 3) == 3)', '(($sk->sk_shutdown & 3 /* SHUTDOWN_MASK */) == 3)'],
  ['(($doing & 0x200000) << 2)', '(($doing & 0x200000 /* PF_KTHREAD */) << 2)'],
  ['if ($err == 104) {', 'if ($err == 104 /* ECONNRESET */) {'],
])('%s', (bare, named) => {
  expect(withNames(bare)).toBe(named);
});

test.each([
  '$flags = (uint64)$sk->__sk_common.skc_flags & 0xffffffff;',
  'if ($via == 2 && $own == 1) {',
  '/args->state > 3 && args->state != 10/',
  '((uint64)$sk->sk_shutdown & 0x3)',
  'if ($old == $new) {',
])('%s has no number of the kernel’s that has a name', (text) => {
  expect(withNames(text)).toBe(text);
});
