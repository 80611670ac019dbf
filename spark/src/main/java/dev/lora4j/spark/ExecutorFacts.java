package dev.lora4j.spark;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lora4j.llm.recipe.Versions;
import dev.lora4j.nn.runtime.Engine;
import dev.lora4j.spark.exchange.GlooGroup;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.global.torch;

/**
 * The versions of an executor, which must be those of the others.
 *
 * @param place the executor, such as {@code executor 1 on node7}
 * @param versions by name
 * @param vectors the CPU's vector instructions, such as {@code AVX2}, on which the bits depend
 * @param gloo whether Gloo's native library is there
 */
record ExecutorFacts(String place, Map<String, String> versions, String vectors, boolean gloo) {
  static final String LORA4J = "lora4j";
  private static final ObjectMapper JSON = new ObjectMapper();

  ExecutorFacts {
    versions = new LinkedHashMap<>(versions);
  }

  /** The facts of this process. */
  static ExecutorFacts here(String place) {
    Engine.start();
    Map<String, String> versions = new LinkedHashMap<>(Versions.all());
    versions.remove("Java"); // updates of a JDK compute the same
    versions.put("BLAS", Engine.multipliesByMkl() ? "MKL" : "OpenBLAS");
    return new ExecutorFacts(
        place, versions, torch.get_cpu_capability().getString(), GlooGroup.isAvailable());
  }

  String json() {
    try {
      return JSON.writeValueAsString(
          Map.of("place", place, "versions", versions, "vectors", vectors, "gloo", gloo));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("cannot write the facts", e);
    }
  }

  static ExecutorFacts of(String json) {
    try {
      return JSON.readValue(json, ExecutorFacts.class);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("cannot read the facts of an executor: " + json, e);
    }
  }
}
