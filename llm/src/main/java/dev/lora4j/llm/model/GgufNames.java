package dev.lora4j.llm.model;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.io.JsonDocument;
import dev.lora4j.lora.format.GgufArchitecture;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** llama.cpp's names and layout for the models of a family in a GGUF file. */
public interface GgufNames {

  /** Returns the names of all families that llama.cpp has; some share an architecture. */
  static Stream<GgufNames> all() {
    return ModelFamily.all().stream().flatMap(family -> family.gguf().stream());
  }

  /** Returns the names of the first family of an architecture. */
  static Optional<GgufNames> of(String architecture) {
    return all().filter(names -> names.ggufArchitecture().equals(architecture)).findFirst();
  }

  /** Returns the architectures of all families. */
  static List<String> architectures() {
    return all().map(GgufNames::ggufArchitecture).distinct().toList();
  }

  /** The value of {@code general.architecture}. */
  String ggufArchitecture();

  /** The linear layers in both namings and the order of their rows, by numbers of heads. */
  GgufArchitecture layers(int heads, int groups);

  /** The other modules, transformers' names to llama.cpp's; {@code #} is the number of a layer. */
  Map<String, String> otherModules();

  /** Numbers that a Llama does not have: {@code config.json} keys to metadata keys. */
  default Map<String, String> numbers() {
    return Map.of();
  }

  /** Returns whether files with a sliding window belong to this family, not those without one. */
  default boolean hasWindows() {
    return false;
  }

  /** Returns whether llama.cpp's architecture computes with a sliding window if a file has one. */
  default boolean storesWindows() {
    return false;
  }

  /** Returns whether the rotary positions may be of a part of each head. */
  default boolean rotatesPartially() {
    return false;
  }

  /** Returns whether layers have experts. */
  default boolean hasExperts() {
    return false;
  }

  /** Returns whether rotary positions may be LongRoPE's, with factors as tensors. */
  default boolean hasLongRope() {
    return false;
  }

  /** Returns whether a file may set the factor of YaRN's cosines and sines. */
  default boolean storesYarnMagnitude() {
    return false;
  }

  /** The metadata keys of its soft caps, by the part after the architecture. */
  default Set<String> caps() {
    return Set.of();
  }

  /** The number that llama.cpp's converter adds to the weights of norms. */
  default double normOffset() {
    return 0;
  }

  /** Adds the boolean fields of {@code config.json} that follow from llama.cpp's tensors. */
  default void addFlags(Set<String> tensors, ObjectNode config) {}

  /** Metadata of a file, by the part of the key after the architecture. */
  interface Source {
    /** Returns a number; empty if the key is absent. */
    Optional<Double> number(String key);
  }

  /** Metadata to be written, by the part of the key after the architecture. */
  interface Sink {
    void put(String key, int number);

    void put(String key, double number);
  }

  /** Adds fields of {@code config.json} that only this family has. */
  default void addFields(Source metadata, ObjectNode config) {}

  /** Adds metadata that only this family has. */
  default void describe(JsonDocument config, Sink metadata) {}

  /**
   * Refuses settings of a {@code config.json} that llama.cpp's architecture does not have.
   *
   * @throws dev.lora4j.UserError naming one of them
   */
  default void requireWritable(JsonDocument fields) {}
}
