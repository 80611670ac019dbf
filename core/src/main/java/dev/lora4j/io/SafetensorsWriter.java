package dev.lora4j.io;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/**
 * Writes safetensors files that appear complete or not at all. The same tensors and metadata give
 * the same bytes in any order of the maps: as in the reference implementation, wide dtypes come
 * first and names are sorted within a dtype, so that each tensor is aligned to its dtype.
 */
public final class SafetensorsWriter {
  private static final JsonFactory JSON = new JsonFactory();
  private static final int ALIGNMENT = 8;

  private record Entry(String name, TensorSource source) {}

  private SafetensorsWriter() {}

  /**
   * Writes a file. The tensors may be on any device and need not be contiguous; the caller keeps
   * owning them.
   *
   * @param tensors name → tensor, of a dtype in {@link DType}
   * @param metadata free text for the header; empty for none
   * @throws dev.lora4j.UserError when the disk refuses
   */
  public static void write(Path file, Map<String, Tensor> tensors, Map<String, String> metadata) {
    Map<String, TensorSource> sources = new LinkedHashMap<>();
    tensors.forEach((name, tensor) -> sources.put(name, source(name, tensor)));
    stream(file, sources, metadata);
  }

  /**
   * Writes a file tensor by tensor: each is computed when it is written, and freed before the next.
   *
   * @throws dev.lora4j.UserError when the disk refuses
   * @throws IllegalStateException when a tensor does not have the dtype and shape of its source
   */
  public static void stream(
      Path file, Map<String, TensorSource> tensors, Map<String, String> metadata) {
    List<Entry> entries = ordered(tensors);
    AtomicFile.write(
        file,
        out -> {
          AtomicFile.writeFully(out, header(entries, metadata));
          for (Entry entry : entries) {
            writeData(out, entry);
          }
        });
  }

  private static List<Entry> ordered(Map<String, TensorSource> tensors) {
    List<Entry> entries = new ArrayList<>();
    tensors.forEach(
        (name, source) -> {
          if (name.equals(HeaderJson.METADATA)) {
            throw new IllegalArgumentException(name + " is not a name for a tensor");
          }
          entries.add(new Entry(name, source));
        });
    entries.sort(
        Comparator.comparing((Entry e) -> e.source().dtype(), WIDE_FIRST)
            .thenComparing(Entry::name));
    return entries;
  }

  private static final Comparator<DType> WIDE_FIRST =
      Comparator.comparing(DType::bytes, Comparator.reverseOrder()).thenComparing(d -> d);

  private static TensorSource source(String name, Tensor tensor) {
    DType dtype =
        DType.of(tensor.scalar_type())
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        name + ": a safetensors file cannot hold " + tensor.scalar_type()));
    return new TensorSource(dtype, Arrays.stream(tensor.shape()).boxed().toList(), () -> tensor);
  }

  private static ByteBuffer header(List<Entry> entries, Map<String, String> metadata)
      throws IOException {
    ByteArrayOutputStream json = new ByteArrayOutputStream();
    try (JsonGenerator out = JSON.createGenerator(json)) {
      out.writeStartObject();
      if (!metadata.isEmpty()) {
        out.writeObjectFieldStart(HeaderJson.METADATA);
        for (Map.Entry<String, String> text : new TreeMap<>(metadata).entrySet()) {
          out.writeStringField(text.getKey(), text.getValue());
        }
        out.writeEndObject();
      }
      long offset = 0;
      for (Entry entry : entries) {
        out.writeObjectFieldStart(entry.name());
        out.writeStringField("dtype", entry.source().dtype().name());
        out.writeFieldName("shape");
        long[] shape = entry.source().shape().stream().mapToLong(Long::longValue).toArray();
        out.writeArray(shape, 0, shape.length);
        out.writeFieldName("data_offsets");
        out.writeArray(new long[] {offset, offset + entry.source().bytes()}, 0, 2);
        out.writeEndObject();
        offset += entry.source().bytes();
      }
      out.writeEndObject();
    }
    while (json.size() % ALIGNMENT != 0) {
      json.write(' ');
    }
    if (json.size() > SafetensorsHeader.MAX_BYTES) {
      throw new IllegalArgumentException("a header of " + json.size() + " bytes: too many names");
    }
    return ByteBuffer.allocate(SafetensorsHeader.LENGTH_BYTES + json.size())
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(json.size())
        .put(json.toByteArray())
        .flip();
  }

  private static void writeData(WritableByteChannel out, Entry entry) throws IOException {
    try (PointerScope scope = new PointerScope()) {
      TensorMemory.of(promised(entry).detach().cpu().contiguous()).writeTo(out);
    }
  }

  private static Tensor promised(Entry entry) {
    TensorSource source = entry.source();
    Tensor tensor = source.value().get();
    List<Long> shape = Arrays.stream(tensor.shape()).boxed().toList();
    if (!DType.of(tensor.scalar_type()).equals(Optional.of(source.dtype()))
        || !shape.equals(source.shape())) {
      throw new IllegalStateException(
          "%s: promised %s %s, found %s %s"
              .formatted(
                  entry.name(), source.dtype(), source.shape(), tensor.scalar_type(), shape));
    }
    return tensor;
  }
}
