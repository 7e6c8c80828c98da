"""The screen: a Textual app over the store. It reads run folders, asks workers to stop and starts them; never torch."""
