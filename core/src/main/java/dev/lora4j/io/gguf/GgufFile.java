package dev.lora4j.io.gguf;

import dev.lora4j.CorruptFile;
import dev.lora4j.NearMiss;
import dev.lora4j.io.DType;
import dev.lora4j.io.TensorFile;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;

/**
 * Reads a GGUF file of version 2 or 3, of any size, whole or split into parts. Opening reads and
 * checks the header only and needs no native library; {@link #read} reads one tensor, dequantised
 * to F32 if it is quantised.
 */
public final class GgufFile implements TensorFile {
  private final List<GgufPart> parts;
  private final Map<String, GgufValue> metadata;
  private final Map<String, GgufPart> partOf = new LinkedHashMap<>();

  private GgufFile(List<GgufPart> parts) {
    this.parts = parts;
    metadata = GgufSplit.metadata(parts);
    for (GgufPart part : parts) {
      part.header().tensors().keySet().forEach(name -> partOf.put(name, part));
    }
  }

  /**
   * Opens a file and checks its header. The first part of a split file opens all parts, found
   * beside it by llama.cpp's names.
   *
   * @throws dev.lora4j.UserError when there is no such file, its version or a tensor type is not
   *     supported, or it is another part
   * @throws CorruptFile when a header violates the format, or the parts do not belong together
   */
  public static GgufFile open(Path path) {
    return new GgufFile(GgufSplit.join(GgufPart.open(path)));
  }

  /** Opens the file again, with the headers that were read before. */
  public GgufFile reopen() {
    return new GgufFile(GgufSplit.reopen(parts));
  }

  @Override
  public Path path() {
    return parts.get(0).path();
  }

  /** Returns the metadata, such as {@code general.architecture}. */
  public Map<String, GgufValue> metadata() {
    return metadata;
  }

  /** Returns a string of the metadata, if the key exists and is a string. */
  public Optional<String> text(String key) {
    return metadata.get(key) instanceof GgufValue.Text text
        ? Optional.of(text.text())
        : Optional.empty();
  }

  /** Returns a number of the metadata, if the key exists and is a number. */
  public Optional<Double> number(String key) {
    GgufValue value = metadata.get(key);
    if (value instanceof GgufValue.Whole whole) {
      return Optional.of((double) whole.number());
    }
    return value instanceof GgufValue.Real real ? Optional.of(real.number()) : Optional.empty();
  }

  @Override
  public Set<String> names() {
    return Collections.unmodifiableSet(partOf.keySet());
  }

  /**
   * Returns the header entry of a tensor.
   *
   * @throws CorruptFile when the file has no tensor of that name
   */
  public GgufTensor tensor(String name) {
    return Objects.requireNonNull(part(name).header().tensors().get(name));
  }

  private GgufPart part(String name) {
    GgufPart part = partOf.get(name);
    if (part == null) {
      throw new CorruptFile(
          path(), "tensor " + name + ": not in the file" + NearMiss.hint(name, names()));
    }
    return part;
  }

  @Override
  public DType dtype(String name) {
    return tensor(name).type().dtype();
  }

  @Override
  public List<Long> shape(String name) {
    return tensor(name).shape();
  }

  @Override
  public Tensor read(String name) {
    return part(name).read(name, tensor(name));
  }

  /**
   * Maps a tensor's bytes without a copy: they are the file's own pages.
   *
   * @return {@code [rows…, bytes of a row]}, uint8, in the caller's pointer scope; empty if the
   *     tensor has no elements or no dimension
   */
  public Optional<Tensor> mapBytes(String name) {
    return part(name).mapBytes(tensor(name));
  }

  /**
   * Reads the bytes of consecutive rows of a matrix.
   *
   * @param first index of the first row
   * @param to is filled with whole rows
   */
  public void readRows(String name, long first, ByteBuffer to) {
    part(name).readRows(name, tensor(name), first, to);
  }

  @Override
  public void close() {
    parts.forEach(GgufPart::close);
  }
}
