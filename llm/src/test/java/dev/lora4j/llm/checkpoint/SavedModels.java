package dev.lora4j.llm.checkpoint;

import dev.lora4j.io.SafetensorsWriter;
import dev.lora4j.nn.kernel.Ops;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Small saved models for tests. */
public final class SavedModels {
  private SavedModels() {}

  /** Writes random tensors of these shapes: {@code "a.weight", "3x4", …}. */
  public static Path write(Path file, ScalarType dtype, String... namesAndShapes) {
    try (PointerScope scope = new PointerScope()) {
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      for (int i = 0; i < namesAndShapes.length; i += 2) {
        tensors.put(namesAndShapes[i], random(dtype, namesAndShapes[i + 1]));
      }
      SafetensorsWriter.write(file, tensors, Map.of());
    }
    return file;
  }

  public static Path write(Path file, String... namesAndShapes) {
    return write(file, ScalarType.Float, namesAndShapes);
  }

  private static Tensor random(ScalarType dtype, String shape) {
    Ops.zeros(1); // wakes libtorch up
    String[] sizes = shape.split("x", -1);
    long[] dimensions = new long[sizes.length];
    for (int i = 0; i < sizes.length; i++) {
      dimensions[i] = Long.parseLong(sizes[i]);
    }
    return torch.randn(dimensions).to(dtype);
  }

  public static void text(Path file, String text) {
    try {
      Files.createDirectories(file.toAbsolutePath().getParent());
      Files.writeString(file, text, StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
