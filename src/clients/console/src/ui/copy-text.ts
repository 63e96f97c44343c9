/** Puts a text into the clipboard, exactly as it is. @throws Error if the browser does not permit it */
export async function copyText(text: string): Promise<void> {
  if (isSecureContext) return navigator.clipboard.writeText(text);
  copyBySelection(text);
}

/** A page that came by plain HTTP from another machine has no `navigator.clipboard`. There a browser copies what is selected. */
function copyBySelection(text: string): void {
  const selected = document.createElement('span');
  selected.textContent = 'copied';
  selected.style.position = 'fixed';
  // The text itself is handed over in the event, since a selection would change its spaces.
  const handOver = (event: ClipboardEvent): void => {
    event.clipboardData?.setData('text/plain', text);
    event.preventDefault();
    event.stopPropagation();
  };
  addEventListener('copy', handOver, { capture: true });
  document.body.append(selected);
  const selection = getSelection();
  try {
    selection?.selectAllChildren(selected);
    // oxlint-disable-next-line typescript/no-deprecated -- there is no other way
    if (!document.execCommand('copy')) throw new Error('The browser does not permit to copy.');
  } finally {
    selection?.removeAllRanges();
    selected.remove();
    removeEventListener('copy', handOver, { capture: true });
  }
}
