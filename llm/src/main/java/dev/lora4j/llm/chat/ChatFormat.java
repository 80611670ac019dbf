package dev.lora4j.llm.chat;

import dev.lora4j.UserError;
import dev.lora4j.llm.tokenizer.ChatTemplate;
import dev.lora4j.llm.tokenizer.Message;
import dev.lora4j.llm.tokenizer.Tokenizer;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The chat format of a model.
 *
 * @param tokenizer closed by its owner
 * @param template the chat template; empty for models without one
 */
public record ChatFormat(Tokenizer tokenizer, Optional<ChatTemplate> template) {

  /**
   * Renders a conversation as a prompt for the next answer.
   *
   * @return token ids
   * @throws UserError if there is no chat template, or it refuses the conversation
   */
  public int[] prompt(List<Message> messages) {
    return tokenizer.encodePlain(templateOrRefusal().prompt(messages));
  }

  /**
   * Renders a conversation in which the model can call tools.
   *
   * @param tools the tools as OpenAI describes them: lists and maps as in JSON
   * @return token ids
   */
  public int[] prompt(List<Message> messages, List<?> tools) {
    return tokenizer.encodePlain(templateOrRefusal().with("tools", tools).prompt(messages));
  }

  /**
   * Returns the format with variables of its chat template, such as {@code enable_thinking}.
   *
   * @param variables values as in JSON
   */
  public ChatFormat with(Map<String, ?> variables) {
    return variables.isEmpty()
        ? this
        : new ChatFormat(tokenizer, template.map(one -> one.with(variables)));
  }

  /**
   * Returns the chat template.
   *
   * @throws UserError if there is none
   */
  public ChatTemplate templateOrRefusal() {
    return template.orElseThrow(
        () ->
            new UserError(
                "the model has no chat template, so it can't chat; use an instruction-tuned model,"
                    + " an adapter that brings a chat template, or lora generate to continue a"
                    + " text"));
  }
}
