package dev.lora4j.io.gguf;

import dev.lora4j.io.AtomicFile;
import dev.lora4j.io.DType;
import dev.lora4j.io.TensorMemory;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/** Writes GGUF files of version 3 that appear complete or not at all. */
public final class GgufWriter {
  private static final int ALIGNMENT = GgufHeader.DEFAULT_ALIGNMENT;

  private GgufWriter() {}

  /**
   * Writes a file in the order of the maps. The tensors may be on any device and need not be
   * contiguous; the caller keeps owning them.
   *
   * @param tensors name → tensor of a floating-point or signed integer dtype
   * @throws dev.lora4j.UserError when the disk refuses
   */
  public static void write(
      Path file, Map<String, GgufValue> metadata, Map<String, Tensor> tensors) {
    Map<String, GgufSource> sources = new LinkedHashMap<>();
    tensors.forEach((name, tensor) -> sources.put(name, source(name, tensor)));
    stream(file, metadata, sources);
  }

  private static GgufSource source(String name, Tensor tensor) {
    GgmlType type =
        DType.of(tensor.scalar_type())
            .flatMap(GgmlType::of)
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        name + ": a GGUF file cannot hold " + tensor.scalar_type()));
    return new GgufSource(type, Arrays.stream(tensor.shape()).boxed().toList(), () -> tensor);
  }

  /**
   * Writes a file tensor by tensor, in the order of the maps: each is computed when it is written,
   * and freed before the next.
   *
   * @throws dev.lora4j.UserError when the disk refuses
   * @throws IllegalStateException when a tensor does not have the shape of its source
   */
  public static void stream(
      Path file, Map<String, GgufValue> metadata, Map<String, GgufSource> tensors) {
    if (metadata.containsKey("general.alignment")) {
      throw new IllegalArgumentException("the alignment is the format's own, " + ALIGNMENT);
    }
    AtomicFile.write(
        file,
        out -> {
          byte[] header = header(metadata, tensors);
          AtomicFile.writeFully(out, ByteBuffer.wrap(header));
          pad(out, header.length);
          for (Map.Entry<String, GgufSource> tensor : tensors.entrySet()) {
            writeData(out, tensor.getKey(), tensor.getValue());
          }
        });
  }

  private static byte[] header(Map<String, GgufValue> metadata, Map<String, GgufSource> tensors)
      throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    GgufValues.writeInt(out, GgufHeader.MAGIC);
    GgufValues.writeInt(out, GgufHeader.VERSION);
    GgufValues.writeLong(out, tensors.size());
    GgufValues.writeLong(out, metadata.size());
    for (Map.Entry<String, GgufValue> entry : metadata.entrySet()) {
      GgufValues.writeText(out, entry.getKey());
      GgufValues.write(out, entry.getValue());
    }
    long offset = 0;
    for (Map.Entry<String, GgufSource> entry : tensors.entrySet()) {
      writeLine(out, entry.getKey(), entry.getValue(), offset);
      offset = GgufHeader.aligned(offset + entry.getValue().bytes(), ALIGNMENT);
    }
    return bytes.toByteArray();
  }

  private static void writeLine(DataOutputStream out, String name, GgufSource source, long offset)
      throws IOException {
    List<Long> shape = source.shape();
    GgufValues.writeText(out, name);
    GgufValues.writeInt(out, shape.size());
    for (int i = shape.size() - 1; i >= 0; i--) {
      GgufValues.writeLong(out, shape.get(i));
    }
    GgufValues.writeInt(out, source.type().number());
    GgufValues.writeLong(out, offset);
  }

  private static void writeData(WritableByteChannel out, String name, GgufSource source)
      throws IOException {
    try (PointerScope scope = new PointerScope()) {
      TensorMemory memory = TensorMemory.of(source.content(name).cpu().contiguous());
      memory.writeTo(out);
      pad(out, memory.bytes());
    }
  }

  private static void pad(WritableByteChannel out, long written) throws IOException {
    long missing = GgufHeader.aligned(written, ALIGNMENT) - written;
    AtomicFile.writeFully(out, ByteBuffer.allocate((int) missing));
  }
}
