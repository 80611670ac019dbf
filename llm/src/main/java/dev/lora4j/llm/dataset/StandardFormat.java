package dev.lora4j.llm.dataset;

import java.util.List;
import java.util.Locale;

/** The usual data formats. */
public enum StandardFormat implements DataFormat {
  CHAT(List.of("messages"), "conversations (messages): trains every answer of the assistant"),
  SHAREGPT(
      List.of("conversations"),
      "conversations (conversations: from, value): trains every answer of the assistant"),
  PREFERENCE(
      List.of("prompt", "chosen", "rejected"),
      "preference pairs (prompt, chosen, rejected): DPO makes the chosen answer likelier than the"
          + " rejected one"),
  COMPLETION(
      List.of("prompt", "completion"),
      "prompts with completions (prompt, completion): trains the completion"),
  INSTRUCTION(
      List.of("instruction", "output"),
      "instructions (instruction, input, output): trains the output"),
  TEXT(List.of("text"), "texts (text): trains every token"),
  DOCUMENT(List.of(), "plain text: split into blocks, trains every token");

  /** The formats for causal language modelling. */
  public static final List<DataFormat> TEXTS =
      List.of(CHAT, SHAREGPT, COMPLETION, INSTRUCTION, TEXT, DOCUMENT);

  @SuppressWarnings("ImmutableEnumChecker") // made by List.of
  private final List<String> fields;

  private final String sentence;

  StandardFormat(List<String> fields, String sentence) {
    this.fields = fields;
    this.sentence = sentence;
  }

  @Override
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  @Override
  public List<String> fields() {
    return fields;
  }

  @Override
  public String sentence() {
    return sentence;
  }

  @Override
  public Sample parse(RowParser row) {
    return switch (this) {
      case CHAT -> row.chat("messages");
      case SHAREGPT -> row.chat("conversations");
      case COMPLETION -> row.answered("prompt", "completion");
      case INSTRUCTION -> row.instruction();
      case TEXT -> new Sample.Text(row.text("text"));
      case PREFERENCE ->
          new Sample.Preference(
              row.answered("prompt", "chosen"), row.answered("prompt", "rejected"));
      case DOCUMENT -> throw row.wrong("a document has no rows");
    };
  }

  @Override
  public String nameOf(int group, int index) {
    return this == PREFERENCE
        ? "pair " + group + ", " + (index == 0 ? "chosen" : "rejected")
        : DataFormat.super.nameOf(group, index);
  }
}
