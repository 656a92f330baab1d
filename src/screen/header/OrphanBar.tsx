import { Lines } from '../frame/Lines.tsx';
import type { Status } from '../frame/model.ts';
import { orphanLine } from './orphan-line.ts';

type Props = { readonly status: Status; readonly width: number };

/** Orphans: our count, the kernel's and the limit, with the share of the limit. */
export const OrphanBar = ({ status, width }: Props) => <Lines lines={[orphanLine(status, width)]} />;
