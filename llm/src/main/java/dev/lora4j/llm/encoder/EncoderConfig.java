package dev.lora4j.llm.encoder;

/** The sizes of an encoder that code around it needs. */
public interface EncoderConfig {

  /** Hugging Face's {@code model_type}. */
  String modelType();

  int vocabularySize();

  int hiddenSize();

  int layers();

  int heads();

  /** The largest number of tokens of a text, special tokens included. */
  int maxPositions();

  /** The id of the padding token. */
  int padId();

  /** Number of token types; 1 or 0 if the two texts of a pair are not told apart. */
  int tokenTypes();
}
