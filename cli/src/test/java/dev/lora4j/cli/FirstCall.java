package dev.lora4j.cli;

import dev.lora4j.io.DType;
import dev.lora4j.io.MappedFile;
import dev.lora4j.io.TensorMemory;
import dev.lora4j.llm.checkpoint.Checkpoint;
import dev.lora4j.llm.checkpoint.Pretrained;
import dev.lora4j.nn.Linear;
import dev.lora4j.nn.kernel.Ops;
import dev.lora4j.nn.runtime.Engine;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.pytorch.global.torch;

/** A process whose first use of libtorch is one call of the library; prints the engine's state. */
final class FirstCall {
  static final Map<String, Runnable> CALLS =
      Map.of(
          "Pretrained.load", () -> Pretrained.load(fixture("gpt2")).close(),
          "Checkpoint.read", FirstCall::readTensor,
          "MappedFile.tensor", FirstCall::mapTensor,
          "TensorMemory.allocate", () -> TensorMemory.allocate(DType.F32, 3).close(),
          "new Linear", () -> new Linear(4, 4).close(),
          "Ops.empty", () -> Ops.empty(4).close());

  private FirstCall() {}

  /** Argument: the name of the call. */
  public static void main(String[] arguments) {
    Objects.requireNonNull(CALLS.get(arguments[0])).run();
    System.out.printf("MKL %s, threads %d%n", Engine.multipliesByMkl(), torch.get_num_threads());
  }

  private static void readTensor() {
    try (Checkpoint weights = Checkpoint.open(fixture("gpt2"))) {
      weights.read(weights.names().iterator().next(), DType.F32).close();
    }
  }

  private static void mapTensor() {
    try (MappedFile file = new MappedFile(fixture("gpt2").resolve("model.safetensors"), 64)) {
      file.tensor(DType.U8, 0, 64).orElseThrow().close();
    }
  }

  private static Path fixture(String family) {
    return Path.of("../llm/src/test/resources/fixtures/llm", family);
  }
}
