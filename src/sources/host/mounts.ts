/** File systems that hold files and stand on no device of this host. */
const REAL_WITHOUT_DEVICE: ReadonlySet<string> = new Set([
  'zfs',
  'nfs',
  'nfs4',
  'cifs',
  'smb3',
  '9p',
  'virtiofs',
]);

interface Mount {
  readonly device: string;
  /** Which folder of the file system is mounted; `/` for all of it. */
  readonly root: string;
  readonly point: string;
}

/**
 * Where the real file systems are mounted, each once, as `df` lists them: of several places of one device, that of its whole,
 * and of those the one with the shortest name. What `/` stands on counts always, as in a container.
 */
export function mountsIn(mountinfo: string, realTypes: ReadonlySet<string>): readonly string[] {
  const byDevice = new Map<string, Mount>();
  /** A later mount at the same place hides an earlier one. */
  const byPoint = new Map<string, Mount>();
  for (const line of mountinfo.split('\n')) {
    const mount = mountOf(line, realTypes);
    if (mount !== undefined) byPoint.set(mount.point, mount);
  }
  for (const mount of byPoint.values()) {
    const known = byDevice.get(mount.device);
    if (known === undefined || isBetter(mount, known)) byDevice.set(mount.device, mount);
  }
  return Array.from(byDevice.values(), ({ point }) => point);
}

function mountOf(line: string, realTypes: ReadonlySet<string>): Mount | undefined {
  const [before = '', after = ''] = line.split(' - ');
  const [, , device = '', root = '', point = ''] = before.split(' ');
  const [type = ''] = after.split(' ');
  if (point === '') return undefined;
  const isReal = realTypes.has(type) || REAL_WITHOUT_DEVICE.has(type) || point === '/';
  // An image that is mounted read-only, such as one of snap, is always full and nobody writes to it.
  if (!isReal || type === 'squashfs' || type === 'iso9660') return undefined;
  return { device, root: unescaped(root), point: unescaped(point) };
}

function isBetter(a: Mount, b: Mount): boolean {
  if ((a.root === '/') !== (b.root === '/')) return a.root === '/';
  return a.point.length < b.point.length;
}

/** The kernel writes blanks and the like as their octal numbers. */
function unescaped(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
