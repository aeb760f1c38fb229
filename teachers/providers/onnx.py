"""An ONNX model in this process, by onnxruntime-genai."""

from __future__ import annotations

from teachers.provider import Provider

PROVIDER = Provider(
    name="onnx",
    place=60,
    adapter="teachers.local.onnx:OnnxTeacher",
    example="onnx:runs/quickstart/exports/onnx",
    extra="export",
    imports=("onnxruntime_genai", "torch", "transformers"),
)
