import { describe, expect, it } from 'vitest';
import { mountsIn } from '../../../src/sources/host/mounts.ts';

const REAL = new Set(['ext4', 'xfs', 'btrfs', 'squashfs']);

const mounted = (...lines: string[]): readonly string[] => mountsIn(`${lines.join('\n')}\n`, REAL);

describe('the file systems of a host', () => {
  it('are those that hold files, each once, at the place of its whole', () => {
    expect(
      mounted(
        '22 27 0:21 / /proc rw - proc proc rw',
        '24 27 0:6 / /dev rw - devtmpfs devtmpfs rw',
        '27 1 254:0 / / rw,relatime - ext4 /dev/vda rw',
        '42 27 254:0 /tmp/a /srv/a rw shared:1 - ext4 /dev/vda rw',
        '43 27 254:1 / /var/lib/docker rw shared:2 master:3 - xfs /dev/vdb rw',
        '44 27 254:1 /volumes/x /x rw - xfs /dev/vdb rw',
        '45 27 7:1 / /snap/core/1 ro - squashfs /dev/loop1 ro',
        '46 27 0:50 / /mnt/my\\040nas rw - nfs4 nas:/export rw',
        '47 27 0:51 / /run rw - tmpfs tmpfs rw',
      ),
    ).toEqual(['/', '/var/lib/docker', '/mnt/my nas']);
  });

  it('count with the part that is mounted, where the whole is not mounted, as subvolumes and files of a container are', () => {
    expect(
      mounted(
        '1 0 0:40 / / rw - overlay overlay rw',
        '2 1 254:0 /var/lib/docker/containers/1/hostname /etc/hostname rw - ext4 /dev/vda rw',
        '3 1 254:0 /var/lib/docker/containers/1/hosts /etc/hosts rw - ext4 /dev/vda rw',
      ),
    ).toEqual(['/', '/etc/hosts']);
  });

  it('count at a place only with what was mounted there last', () => {
    expect(
      mounted('1 0 8:1 / /data rw - ext4 /dev/sda1 rw', '2 1 8:2 / /data rw - ext4 /dev/sdb1 rw'),
    ).toEqual(['/data']);
  });
});
