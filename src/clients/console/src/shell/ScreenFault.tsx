import { Component, type ReactElement, type ReactNode } from 'react';
import { ErrorNote } from '../ui/ErrorNote.tsx';

interface Props {
  /** Another screen begins anew. */
  readonly screen: string;
  readonly children: ReactNode;
}

/** A fault of one screen is told there. The others go on. */
export class ScreenFault extends Component<
  Props,
  { readonly error: Error | undefined; readonly screen: string }
> {
  override state = { error: undefined, screen: this.props.screen };

  static getDerivedStateFromError(error: Error): { readonly error: Error } {
    return { error };
  }

  static getDerivedStateFromProps({ screen }: Props, state: { readonly screen: string }): object | null {
    return screen === state.screen ? null : { screen, error: undefined };
  }

  override render(): ReactNode {
    const { error }: { readonly error: Error | undefined } = this.state;
    if (error === undefined) return this.props.children;
    return <Fault error={error} retry={() => this.setState({ error: undefined })} />;
  }
}

function Fault({ error, retry }: { readonly error: Error; readonly retry: () => void }): ReactElement {
  return (
    <div className="m-auto max-w-lg p-8">
      <ErrorNote error={new Error(`This screen failed: ${error.message}`)} retry={retry} />
    </div>
  );
}
