package dev.lora4j.models.text;

import java.util.Collection;
import java.util.List;
import java.util.Optional;

/** The forms that training data comes in, told apart by their fields. */
public enum DataForm {
  CHAT(List.of("messages"), "conversations (messages): every answer is learned"),
  PREFERENCE(
      List.of("prompt", "chosen", "rejected"),
      "preferences (prompt, chosen, rejected): the chosen answer is to become likelier than the"
          + " rejected one"),
  COMPLETION(
      List.of("prompt", "completion"),
      "prompts with completions (prompt, completion): the completion is learned"),
  INSTRUCTION(
      List.of("instruction", "output"),
      "instructions (instruction, input, output): the output is learned"),
  TEXT(List.of("text"), "texts (text): every token is learned"),
  DOCUMENT(List.of(), "a plain text: cut into blocks, every token is learned");

  @SuppressWarnings("ImmutableEnumChecker") // made by List.of
  private final List<String> fields;

  private final String sentence;

  DataForm(List<String> fields, String sentence) {
    this.fields = fields;
    this.sentence = sentence;
  }

  /** The fields that every row must have. */
  public List<String> fields() {
    return fields;
  }

  /** What the form is and what is learned from it, for people. */
  public String sentence() {
    return sentence;
  }

  /** The form of rows that have these fields. */
  static Optional<DataForm> of(Collection<String> present) {
    for (DataForm form : values()) {
      if (!form.fields.isEmpty() && present.containsAll(form.fields)) {
        return Optional.of(form);
      }
    }
    return Optional.empty();
  }
}
