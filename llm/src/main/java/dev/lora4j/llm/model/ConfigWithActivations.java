package dev.lora4j.llm.model;

import java.util.OptionalLong;

/** A config whose model keeps other values for the backward pass. */
public record ConfigWithActivations(LanguageModelConfig config, LayerActivations activations)
    implements LanguageModelConfig {

  @Override
  public String modelType() {
    return config.modelType();
  }

  @Override
  public int vocabularySize() {
    return config.vocabularySize();
  }

  @Override
  public int hiddenSize() {
    return config.hiddenSize();
  }

  @Override
  public int layers() {
    return config.layers();
  }

  @Override
  public int heads() {
    return config.heads();
  }

  @Override
  public int groups() {
    return config.groups();
  }

  @Override
  public int headDim() {
    return config.headDim();
  }

  @Override
  public int maxPositions() {
    return config.maxPositions();
  }

  @Override
  public boolean tiedHead() {
    return config.tiedHead();
  }

  @Override
  public OptionalLong cacheLimit() {
    return config.cacheLimit();
  }
}
