import { SORTS } from '../frame/model.ts';
import type { Press } from './press.ts';

/** The screen that the keys speak to. */
export type Mode = 'table' | 'filter' | 'detail' | 'help';

export type Command =
  | 'up'
  | 'down'
  | 'page_up'
  | 'page_down'
  | 'top'
  | 'bottom'
  | 'open'
  | 'close'
  | 'filter'
  | 'keep_filter'
  | 'clear_filter'
  | 'erase'
  | 'erase_all'
  | 'sort'
  | 'sort_back'
  | 'invert'
  | 'pause'
  | 'help'
  | 'quit';

/** `keys` and `does` are the help screen's text. */
type Binding = {
  readonly modes: readonly Mode[];
  readonly presses: readonly Press[];
  readonly command: Command;
  readonly keys: string;
  readonly does: string;
};

const SCREENS = ['table', 'detail', 'help'] as const;

export const BINDINGS: readonly Binding[] = [
  { modes: SCREENS, presses: ['j', 'down'], command: 'down', keys: 'j  down', does: 'next row or line' },
  { modes: SCREENS, presses: ['k', 'up'], command: 'up', keys: 'k  up', does: 'previous row or line' },
  {
    modes: SCREENS,
    presses: ['pagedown', 'ctrl+f', 'ctrl+d'],
    command: 'page_down',
    keys: 'PgDn  ^F',
    does: 'one page down',
  },
  {
    modes: SCREENS,
    presses: ['pageup', 'ctrl+b', 'ctrl+u'],
    command: 'page_up',
    keys: 'PgUp  ^B',
    does: 'one page up',
  },
  {
    modes: SCREENS,
    presses: ['g', 'home'],
    command: 'top',
    keys: 'g  Home',
    does: 'to the top; the selection stays there until moved',
  },
  { modes: SCREENS, presses: ['G', 'end'], command: 'bottom', keys: 'G  End', does: 'to the bottom' },
  {
    modes: ['table'],
    presses: ['enter'],
    command: 'open',
    keys: 'enter',
    does: 'the close path of the selected socket',
  },
  {
    modes: ['detail'],
    presses: ['escape', 'enter', 'q'],
    command: 'close',
    keys: 'esc  enter  q',
    does: 'back from the close path',
  },
  {
    modes: ['table'],
    presses: ['/'],
    command: 'filter',
    keys: '/',
    does: 'filter: words that must all occur in state, addresses, closer or what it waits for; !word must not',
  },
  {
    modes: ['filter'],
    presses: ['enter'],
    command: 'keep_filter',
    keys: 'enter',
    does: 'while typing a filter: keep it',
  },
  { modes: ['filter'], presses: ['ctrl+u'], command: 'erase_all', keys: '^U', does: 'while typing a filter: empty it' },
  {
    modes: ['filter'],
    presses: ['backspace', 'delete'],
    command: 'erase',
    keys: 'backspace',
    does: 'one character less',
  },
  { modes: ['table', 'filter'], presses: ['escape'], command: 'clear_filter', keys: 'esc', does: 'clear the filter' },
  {
    modes: ['table'],
    presses: ['s', '>'],
    command: 'sort',
    keys: 's  >',
    does: `sort by the next of ${SORTS.join(', ')}`,
  },
  { modes: ['table'], presses: ['<'], command: 'sort_back', keys: '<', does: 'sort by the one before' },
  {
    modes: ['table'],
    presses: ['i'],
    command: 'invert',
    keys: 'i',
    does: 'turn the order round; rows of which nobody knows the value stay last',
  },
  {
    modes: SCREENS,
    presses: [' '],
    command: 'pause',
    keys: 'space',
    does: 'hold the screen still, and go on; counting never stops',
  },
  { modes: ['table', 'detail'], presses: ['?'], command: 'help', keys: '?', does: 'this help' },
  {
    modes: ['help'],
    presses: ['?', 'escape', 'enter', 'q'],
    command: 'close',
    keys: '?  esc  q',
    does: 'close the help',
  },
  { modes: ['table'], presses: ['q'], command: 'quit', keys: 'q', does: 'quit' },
  { modes: [...SCREENS, 'filter'], presses: ['ctrl+c'], command: 'quit', keys: '^C', does: 'quit, from anywhere' },
];

/** The command of a press on a screen; undefined if it has none. */
export const commandFor = (mode: Mode, press: Press): Command | undefined =>
  BINDINGS.find(({ modes, presses }) => modes.includes(mode) && presses.includes(press))?.command;
