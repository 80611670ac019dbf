package dev.lora4j.llm.encoder.bert;

/** XLM-RoBERTa: RoBERTa with a multilingual vocabulary. */
public final class XlmRobertaFamily extends RobertaFamily {

  @Override
  public String modelType() {
    return "xlm-roberta";
  }

  @Override
  public String className() {
    return "XLMRoberta";
  }
}
