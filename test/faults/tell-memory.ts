/** This file is loaded before a node, which then answers each message of the test with the bytes that it has in use. */
import { memoryInUse } from '../support/memory-in-use.ts';

process.on('message', () => process.send?.(memoryInUse()));
// The channel alone does not keep the node running.
process.channel?.unref();
