"""Is the cabin ready? What a cabin's check measured, the colour and the one sentence that follow, and what red closes."""
