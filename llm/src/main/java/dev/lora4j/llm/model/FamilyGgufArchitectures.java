package dev.lora4j.llm.model;

import dev.lora4j.lora.format.GgufArchitecture;
import java.util.List;
import java.util.Optional;

/** The GGUF architectures of all families, for the conversion of adapters. */
public final class FamilyGgufArchitectures implements GgufArchitecture.Provider {

  @Override
  public List<String> modelTypes() {
    return ModelFamily.all().stream()
        .filter(family -> family.gguf().isPresent())
        .map(ModelFamily::modelType)
        .toList();
  }

  @Override
  public List<String> names() {
    return GgufNames.architectures();
  }

  @Override
  public Optional<GgufArchitecture> named(String name, int heads, int keyValueHeads) {
    return GgufNames.of(name).map(names -> names.layers(heads, keyValueHeads));
  }

  @Override
  public Optional<GgufArchitecture> of(String modelType, int heads, int keyValueHeads) {
    return ModelFamily.named(modelType)
        .flatMap(ModelFamily::gguf)
        .map(names -> names.layers(heads, keyValueHeads));
  }
}
