package dev.lora4j.llm.weights;

import dev.lora4j.CorruptFile;
import dev.lora4j.io.DType;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.io.TensorFile;
import dev.lora4j.io.TensorForm;
import dev.lora4j.io.TensorMemory;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/**
 * The state of a 4-bit weight in a bitsandbytes checkpoint: the JSON object in {@code
 * X.weight.quant_state.bitsandbytes__nf4}, which the tensors beside it must fit. Its dtype, that of
 * the weight before, is ignored: products are in the dtype of their input, as in bitsandbytes.
 *
 * @param weight the name of the packed weight, {@code X.weight}
 * @param type NF4 or FP4
 * @param blockSize the number of values with one scale, a power of two from 32 to 4096
 * @param shape {@code [out, in]}
 * @param nested the quantisation of the scales, if they are quantised
 */
record FourBitState(
    String weight, QuantType type, int blockSize, List<Long> shape, Optional<Nested> nested) {
  static final String ABSMAX = ".absmax";
  static final String MAP = ".quant_map";
  static final String NESTED_ABSMAX = ".nested_absmax";
  static final String NESTED_MAP = ".nested_quant_map";
  static final String STATE = ".quant_state.bitsandbytes__";

  private static final int CODES = 16;
  private static final int NESTED_CODES = 256;
  private static final int MIN_BLOCK = 32;
  private static final int MAX_BLOCK = 4096;

  FourBitState {
    shape = List.copyOf(shape);
  }

  /**
   * The quantisation of the scales: {@code absmax = map[code] · nested_absmax + offset}.
   *
   * @param blockSize the number of scales with one scale of their own
   */
  record Nested(int blockSize, float offset) {}

  /**
   * Reads the state under a key that ends with the type.
   *
   * @throws CorruptFile if it is no such object, or a value is out of range
   */
  static FourBitState read(TensorFile file, String key) {
    int at = key.indexOf(STATE);
    QuantType type = type(file, key, key.substring(at + STATE.length()));
    JsonDocument json = JsonDocument.parse(file.path().resolve(key), bytes(file, key));
    String stored = json.text("quant_type", "");
    if (!stored.equals(type.word())) {
      throw json.wrong("quant_type", type.word() + ", as the key says", "'" + stored + "'");
    }
    List<Long> shape = json.integers("shape");
    if (shape.size() != 2 || shape.stream().anyMatch(size -> size < 1)) {
      throw json.wrong("shape", "[outputs, inputs]", shape);
    }
    return new FourBitState(
        key.substring(0, at), type, blockSize(json, "blocksize"), shape, nested(json));
  }

  private static QuantType type(TensorFile file, String key, String word) {
    return switch (word) {
      case "nf4" -> QuantType.NF4;
      case "fp4" -> QuantType.FP4;
      default ->
          throw new CorruptFile(
              file.path(), "key %s: expected the type nf4 or fp4, found %s".formatted(key, word));
    };
  }

  private static byte[] bytes(TensorFile file, String key) {
    if (file.dtype(key) != DType.U8 || file.form(key).bytes() > JsonDocument.MAX_BYTES) {
      throw new CorruptFile(
          file.path(),
          "key %s: expected a JSON object in U8, found %s".formatted(key, file.form(key)));
    }
    try (PointerScope scope = new PointerScope()) {
      Tensor text = file.read(key);
      byte[] bytes = new byte[Math.toIntExact(text.numel())];
      if (bytes.length > 0) {
        TensorMemory.of(text).view(0, bytes.length).get(bytes);
      }
      return bytes;
    }
  }

  private static int blockSize(JsonDocument json, String key) {
    int size = json.size(key);
    if (size < MIN_BLOCK || size > MAX_BLOCK || Integer.bitCount(size) != 1) {
      throw json.wrong(key, "a power of two from 32 to 4096", size);
    }
    return size;
  }

  private static Optional<Nested> nested(JsonDocument json) {
    return json.has("nested_blocksize") || json.has("nested_offset")
        ? Optional.of(
            new Nested(blockSize(json, "nested_blocksize"), (float) json.number("nested_offset")))
        : Optional.empty();
  }

  // ---- the tensors beside it ----

  /** Returns the names of the tensors that belong to the weight, itself included. */
  List<String> keys() {
    List<String> keys =
        new ArrayList<>(
            List.of(weight, weight + ABSMAX, weight + MAP, weight + STATE + type.word()));
    if (nested.isPresent()) {
      keys.addAll(List.of(weight + NESTED_ABSMAX, weight + NESTED_MAP));
    }
    return keys;
  }

  private long elements() {
    return shape.get(0) * shape.get(1);
  }

  private static long parts(long elements, long size) {
    return (elements + size - 1) / size;
  }

  /** Lists the tensors that are missing, or have another dtype or length than the state says. */
  List<String> problems(TensorFile file) {
    List<String> problems = new ArrayList<>();
    if (!file.names().contains(weight)) {
      problems.add("missing " + weight);
    } else if (file.form(weight).bytes() != parts(elements(), 2)) {
      problems.add(
          "%s: expected %d bytes for 4 bits of each of %s values, found %d"
              .formatted(weight, parts(elements(), 2), shape, file.form(weight).bytes()));
    }
    long blocks = parts(elements(), blockSize);
    DType scales = nested.isPresent() ? DType.U8 : DType.F32;
    check(file, ABSMAX, scales, blocks, "one for each block of " + blockSize, problems);
    check(file, MAP, DType.F32, CODES, "the code book", problems);
    if (nested.isPresent()) {
      int size = nested.get().blockSize();
      check(file, NESTED_ABSMAX, DType.F32, parts(blocks, size), "one for each " + size, problems);
      check(file, NESTED_MAP, DType.F32, NESTED_CODES, "the code book of the scales", problems);
    }
    return problems;
  }

  private void check(
      TensorFile file, String suffix, DType dtype, long count, String why, List<String> problems) {
    String key = weight + suffix;
    if (!file.names().contains(key)) {
      problems.add("missing %s: %s[%d], %s".formatted(key, dtype, count, why));
      return;
    }
    TensorForm form = file.form(key);
    if (form.dtype() != dtype || form.elements() != count) {
      problems.add(
          "%s: expected %s[%d], %s, found %s%s"
              .formatted(key, dtype, count, why, form.dtype(), form.shape()));
    }
  }
}
