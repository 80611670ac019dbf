package dev.lora4j.models.talk;

import dev.lora4j.UserError;
import dev.lora4j.models.text.ChatTemplate;
import dev.lora4j.models.text.Message;
import dev.lora4j.models.text.Tokenizer;
import java.util.List;
import java.util.Optional;

/**
 * How a model reads and writes.
 *
 * @param tokenizer stays who opened it's
 * @param template none for models that know no conversations
 */
public record Voice(Tokenizer tokenizer, Optional<ChatTemplate> template) {

  /**
   * The ids of a conversation that waits for an answer.
   *
   * @throws UserError if there is no template, or it refuses the conversation
   */
  public int[] prompt(List<Message> messages) {
    return tokenizer.encodePlain(templateOrRefusal().prompt(messages));
  }

  ChatTemplate templateOrRefusal() {
    return template.orElseThrow(
        () ->
            new UserError(
                "the model has no chat template: it was not made for conversations; take one that"
                    + " was, an adapter that brings a template, or let it go on with a text: lora"
                    + " generate"));
  }
}
