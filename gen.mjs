import { readFileSync, writeFileSync } from 'node:fs';

let t = readFileSync('/work/main/probes/tracepoint.bt', 'utf8');
t = t
  .replace(
    'tracepoint:sock:inet_sock_set_state\n/args->protocol == 6/',
    'rawtracepoint:inet_sock_set_state\n/((struct sock *)arg0)->sk_protocol == 6/',
  )
  .replace('$old = (uint64)args->oldstate', '$old = (uint64)arg1 & 0xff')
  .replace('$new = (uint64)args->newstate', '$new = (uint64)arg2 & 0xff')
  .replace('tracepoint:tcp:tcp_destroy_sock', 'rawtracepoint:tcp_destroy_sock')
  .replace('(uint64)args->sock_cookie', '(uint64)$sk->__sk_common.skc_cookie.counter')
  .replaceAll('tracepoint:tcp:tcp_retransmit_skb', 'rawtracepoint:tcp_retransmit_skb')
  .replace('tracepoint:tcp:tcp_receive_reset', 'rawtracepoint:tcp_receive_reset')
  .replace('tracepoint:tcp:tcp_send_reset', 'rawtracepoint:tcp_send_reset')
  .replaceAll('args->skaddr', 'arg0')
  .replace('args->skbaddr', 'arg1')
  .replace('args->state', '(uint64)0');
// DS: cookie after $sk
t = t.replace(/(rawtracepoint:tcp_destroy_sock[\s\S]*?)( {2}\$cookie = [^\n]*\n)/, '$1$2');
writeFileSync('raw.bt', t);
