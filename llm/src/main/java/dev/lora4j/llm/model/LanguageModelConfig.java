package dev.lora4j.llm.model;

/** The settings that the language models of all families share. */
public interface LanguageModelConfig {

  String modelType();

  int vocabularySize();

  /** Width of the hidden states. */
  int hiddenSize();

  int layers();

  /** Number of attention heads. */
  int heads();

  /** Number of key and value heads. */
  int groups();

  /** Size of an attention head. */
  int headDim();

  /** Maximum sequence length, in tokens. */
  int maxPositions();

  /** The values that training keeps of each decoder layer until its backward pass. */
  LayerActivations activations();

  /** Returns whether the output projection shares the embedding's weight (weight tying). */
  boolean tiedHead();
}
