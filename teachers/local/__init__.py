"""Models in this process: llama.cpp, transformers, ONNX Runtime."""
