"""How we measure: metrics, the protocol of docs/protocol.md, plots."""
