package dev.lora4j.llm.gguf;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.CorruptFile;
import dev.lora4j.io.gguf.GgmlType;
import dev.lora4j.io.gguf.GgufFile;
import dev.lora4j.io.gguf.GgufSource;
import dev.lora4j.llm.model.RopeScaling;
import dev.lora4j.nn.kernel.Ops;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bytedeco.javacpp.PointerScope;

/**
 * LongRoPE in llama.cpp's form: its divisors of the frequencies are two tensors, and a factor of
 * cosines and sines is in the metadata.
 */
final class LongRopeTensors {
  static final String SHORT = "rope_factors_short.weight";
  static final String LONG = "rope_factors_long.weight";
  static final String ORIGINAL = "rope.scaling.original_context_length";
  static final String MAGNITUDE = "rope.scaling.attn_factor";

  private LongRopeTensors() {}

  /** Returns whether a tensor is one of the two. */
  static boolean has(String name) {
    return name.equals(SHORT) || name.equals(LONG);
  }

  /** Adds the tensors to be written. */
  static void add(RopeScaling.LongRope scaling, Map<String, GgufSource> tensors) {
    tensors.put(LONG, source(scaling.longFactors()));
    tensors.put(SHORT, source(scaling.shortFactors()));
  }

  private static GgufSource source(List<Double> factors) {
    float[] values = new float[factors.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = factors.get(i).floatValue();
    }
    return new GgufSource(
        GgmlType.F32, List.of((long) values.length), () -> Ops.tensor(values, values.length));
  }

  /**
   * Adds the scaling of a file's tensors to its config.
   *
   * @throws CorruptFile if one of the two is missing
   */
  static void describe(GgufFile file, Metadata metadata, String architecture, ObjectNode config) {
    if (!file.names().containsAll(Set.of(SHORT, LONG))) {
      throw new CorruptFile(file.path(), "expected both %s and %s".formatted(SHORT, LONG));
    }
    config.put("original_max_position_embeddings", metadata.size(architecture + "." + ORIGINAL));
    ObjectNode scaling = config.putObject("rope_scaling").put("type", "longrope");
    putFactors(scaling.putArray("short_factor"), file, SHORT);
    putFactors(scaling.putArray("long_factor"), file, LONG);
    metadata
        .number(architecture + "." + MAGNITUDE)
        .ifPresent(factor -> scaling.put("attention_factor", factor));
  }

  private static void putFactors(ArrayNode array, GgufFile file, String name) {
    try (PointerScope scope = new PointerScope()) {
      for (float factor : Ops.floats(file.read(name))) {
        array.add(Double.parseDouble(Float.toString(factor))); // the shortest decimal number
      }
    }
  }
}
