package dev.lora4j.lora.layer;

import dev.lora4j.io.JsonDocument;
import dev.lora4j.lora.method.LoraMethods;
import dev.lora4j.nn.Module;
import dev.lora4j.nn.Parameter;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** A method of adapting layers, PEFT's {@code peft_type}. {@link LoraMethods} lists all methods. */
public interface LoraMethod {

  /** Returns PEFT's name of the method, such as {@code LORA}. */
  String peftType();

  /** Returns the keys of PEFT's LoRA config that the method reads. */
  Set<String> configKeys();

  /** Returns the key of the dropout probability in PEFT's config. */
  default String dropoutKey() {
    return "lora_dropout";
  }

  default int defaultRank() {
    return 8;
  }

  /** Returns the settings that only this method has, by their key in PEFT's config. */
  default Map<String, Object> settings() {
    return Map.of();
  }

  /**
   * Returns the method with the settings of a config file.
   *
   * @throws dev.lora4j.UserError if it sets an unsupported option
   * @throws dev.lora4j.CorruptFile if a value has the wrong type
   */
  default LoraMethod withSettings(JsonDocument config) {
    return this;
  }

  /** Describes the options that the method can't apply to a layer. */
  List<String> problems(String path, Module layer, DeltaOptions options);

  /** Returns the number of parameters that the method would train in a layer. */
  long trainableParameters(Module layer, DeltaOptions options);

  /** Starts a new adapter of these layers, with the rank where no pattern matches. */
  DeltaFactory newAdapter(List<Module> layers, int rank);

  /** Creates the deltas of one adapter, layer by layer. */
  interface DeltaFactory {

    /** Returns a new delta of a layer, initialised and on the layer's device. */
    LoraDelta create(Module layer, DeltaOptions options);

    /** Returns the tensors that all layers of the adapter share, if the method has any. */
    default Optional<AuxiliaryModule> shared() {
      return Optional.empty();
    }

    /** Returns the shared tensors that are saved, by PEFT's key. */
    default Map<String, Parameter> savedShared() {
      return Map.of();
    }
  }
}
