"""An iPhone through devicectl, a Mac, and the Swift package as an engine."""
