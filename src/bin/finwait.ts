#!/usr/bin/env node
// React reads NODE_ENV when it is loaded, and static imports are hoisted: so everything else comes by import().
process.env.NODE_ENV = 'production';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 15)) {
  process.stderr.write(
    `finwait: Node ${process.versions.node} is too old: finwait needs 22.15 or newer\n  why: it uses node:zlib's zstd\n  try: npm start, which brings its own Node; or install a newer one\n`,
  );
  process.exit(3);
}
const { main } = await import('../cli/program.ts');
process.exitCode = await main(process.argv.slice(2));
