package dev.lora4j.llm.encoder;

/** The heads of Hugging Face's encoder models. */
public enum HeadType {
  /** Logits of each text, {@code [B, labels]}; with one label, a regression or a reranker. */
  SEQUENCE_CLASSIFICATION("ForSequenceClassification"),

  /** Logits of each token, {@code [B, T, labels]}. */
  TOKEN_CLASSIFICATION("ForTokenClassification");

  private final String suffix;

  HeadType(String suffix) {
    this.suffix = suffix;
  }

  /** The end of the class names that {@code architectures} lists. */
  public String suffix() {
    return suffix;
  }
}
