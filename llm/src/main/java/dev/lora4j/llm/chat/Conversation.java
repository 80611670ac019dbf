package dev.lora4j.llm.chat;

import dev.lora4j.UserError;
import dev.lora4j.llm.generate.GenerationSession;
import dev.lora4j.llm.tokenizer.Message;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A multi-turn chat with a language model. Each turn computes only its new tokens; the KV cache
 * holds the rest until the adapters change. The oldest turns are dropped when the chat is too long.
 */
public final class Conversation {
  /** The largest part of the maximum sequence length that is reserved for an answer: 1 / 4. */
  private static final int ANSWER_DIVISOR = 4;

  private final ChatModel model;
  private final GenerationSession session;
  private final List<Message> turns = new ArrayList<>();
  private Optional<String> system = Optional.empty();
  private int dropped; // number of dropped turns

  /** Starts a chat with the active adapters, in a session that the caller closes. */
  public Conversation(ChatModel model, GenerationSession session) {
    model.format().templateOrRefusal();
    this.model = model;
    this.session = session;
  }

  /** Sends a user message and returns the answer. If that fails, the chat is unchanged. */
  public Completion say(String text, GenerationOptions options, TextListener listener) {
    int droppedBefore = dropped;
    turns.add(Message.user(text));
    boolean answered = false;
    try {
      int[] prompt = prompt(options.maxNewTokens());
      Completion answer = model.write(session, prompt, options, listener, dropped);
      turns.add(Message.assistant(answer.text()));
      answered = true;
      return answer;
    } finally {
      if (!answered) {
        turns.remove(turns.size() - 1);
        dropped = droppedBefore;
      }
    }
  }

  private int[] prompt(int maxNewTokens) {
    int limit = model.network().maxPositions();
    int free = Math.min(maxNewTokens, limit / ANSWER_DIVISOR);
    int[] prompt = model.format().prompt(kept());
    while (prompt.length + free > limit && canDrop()) {
      dropExchange();
      prompt = model.format().prompt(kept());
    }
    if (prompt.length >= limit) {
      throw new UserError(
          "the message is too long: with the system message it has %d tokens; the model's maximum sequence length is %d"
              .formatted(prompt.length, limit));
    }
    return prompt;
  }

  private boolean canDrop() {
    return dropped < turns.size() - 1;
  }

  private void dropExchange() {
    do {
      dropped++;
    } while (turns.get(dropped).fromAssistant());
  }

  private List<Message> kept() {
    List<Message> messages = new ArrayList<>();
    system.ifPresent(text -> messages.add(Message.system(text)));
    messages.addAll(turns.subList(dropped, turns.size()));
    return messages;
  }

  public List<Message> messages() {
    List<Message> messages = new ArrayList<>();
    system.ifPresent(text -> messages.add(Message.system(text)));
    messages.addAll(turns);
    return messages;
  }

  public int answers() {
    return turns.size() / 2;
  }

  /** Sets the system message, from the next turn on. */
  public void system(Optional<String> text) {
    system = text;
  }

  public Optional<String> system() {
    return system;
  }

  /** Clears all turns; the system message stays. */
  public void reset() {
    turns.clear();
    dropped = 0;
    session.forget();
  }

  /** Activates these adapters from the next turn on; none for the base model. */
  public void adapters(List<String> names) {
    List<String> before = model.active();
    model.activate(names);
    try {
      model.format().templateOrRefusal();
    } catch (UserError e) {
      model.activate(before);
      throw e;
    }
    session.forget();
  }
}
