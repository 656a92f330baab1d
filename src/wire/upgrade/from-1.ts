import { insertWord, type Step } from './step.ts';

/** Version 2 brought a5, the sizes of the buffers, behind a4 of an announcement: the 17th word. Unknown is 0. */
export const from1: Step = insertWord('AL', 17, '0');
