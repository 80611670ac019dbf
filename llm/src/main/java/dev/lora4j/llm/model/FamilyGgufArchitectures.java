package dev.lora4j.llm.model;

import dev.lora4j.lora.format.GgufArchitecture;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

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
    return inGguf().map(GgufNames::ggufArchitecture).distinct().toList();
  }

  @Override
  public Optional<GgufArchitecture> named(String name, int heads, int keyValueHeads) {
    return inGguf()
        .filter(names -> names.ggufArchitecture().equals(name))
        .map(names -> names.layers(heads, keyValueHeads))
        .findFirst();
  }

  private static Stream<GgufNames> inGguf() {
    return ModelFamily.all().stream().flatMap(family -> family.gguf().stream());
  }

  @Override
  public Optional<GgufArchitecture> of(String modelType, int heads, int keyValueHeads) {
    return ModelFamily.named(modelType)
        .flatMap(ModelFamily::gguf)
        .map(names -> names.layers(heads, keyValueHeads));
  }
}
