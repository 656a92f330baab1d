import { Detail } from './detail/Detail.tsx';
import { bodyRows } from './frame/layout.ts';
import { Help } from './Help.tsx';
import { Table } from './table/Table.tsx';
import type { ViewState } from './view-state.ts';

type Props = { readonly view: ViewState };

/** The part between header and footer. */
export const Body = ({ view }: Props) => {
  const { mode, snapshot, scroll } = view;
  const size = { columns: view.size.columns, rows: bodyRows(view.size, snapshot.status) };
  switch (mode) {
    case 'help':
      return <Help scroll={scroll} size={size} />;
    case 'detail':
      // Until the store has answered for this socket there is nothing to show, least of all another socket's path.
      return snapshot.query.detail === view.detail ? (
        <Detail path={snapshot.detail} scroll={scroll} size={size} />
      ) : null;
    default:
      return (
        <Table
          snapshot={snapshot}
          traits={view.traits}
          width={size.columns}
          height={size.rows}
          selected={view.cursor.index}
        />
      );
  }
};
