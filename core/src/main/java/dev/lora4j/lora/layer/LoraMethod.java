package dev.lora4j.lora.layer;

import dev.lora4j.io.JsonDocument;
import dev.lora4j.lora.method.LoraMethods;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A method of adapting layers, PEFT's {@code peft_type}: which layers it takes, the delta of each,
 * and its keys in {@code adapter_config.json}. {@link LoraMethods} lists those that exist.
 */
public interface LoraMethod {

  /** PEFT's name of the method, such as {@code LORA}. */
  String peftType();

  /** The keys of PEFT's config that the method reads, of those that LoRA has. */
  Set<String> configKeys();

  /** The key of the dropout probability in PEFT's config. */
  default String dropoutKey() {
    return "lora_dropout";
  }

  /** PEFT's default rank. */
  default int defaultRank() {
    return 8;
  }

  /** The settings that only this method has, by their key in PEFT's config. */
  default Map<String, Object> settings() {
    return Map.of();
  }

  /**
   * Returns the method with the settings of a config file.
   *
   * @throws dev.lora4j.UserError if it asks for what is not supported
   * @throws dev.lora4j.CorruptFile if a value has the wrong type
   */
  default LoraMethod withSettings(JsonDocument config) {
    return this;
  }

  /** Returns what these options ask of a layer that the method can't do, in words. */
  List<String> problems(String path, Module layer, DeltaOptions options);

  /** Returns how many parameters the method would train in a layer. */
  long trainableParameters(Module layer, DeltaOptions options);

  /**
   * Starts a new adapter.
   *
   * @param layers the layers that it adapts
   * @param rank the rank where no pattern sets another
   */
  DeltaFactory newAdapter(List<Module> layers, int rank);

  /** Makes the deltas of one adapter, layer by layer. */
  interface DeltaFactory {

    /** Returns a new delta of a layer, initialised and on the layer's device. */
    LoraDelta create(Module layer, DeltaOptions options);

    /** Returns the tensors that all layers of the adapter share, if the method has any. */
    default Optional<AuxiliaryModule> shared() {
      return Optional.empty();
    }

    /** Returns those of the shared tensors that are saved, by PEFT's key. */
    default Map<String, Parameter> savedShared() {
      return Map.of();
    }
  }
}
