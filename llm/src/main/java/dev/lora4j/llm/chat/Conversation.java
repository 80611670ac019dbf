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

  /**
   * Starts a chat with the active adapters.
   *
   * @param session of a generator of the model's network; the caller closes it
   * @throws UserError if the model has no chat template
   */
  public Conversation(ChatModel model, GenerationSession session) {
    model.format().templateOrRefusal();
    this.model = model;
    this.session = session;
  }

  /**
   * Sends a user message and returns the answer. If that fails, the chat is unchanged.
   *
   * @throws UserError if the message exceeds the maximum sequence length, or the chat template
   *     refuses it
   */
  public Completion say(String text, GenerationOptions options, TextListener listener) {
    return say(List.of(Message.user(text)), options, listener);
  }

  /**
   * Adds messages to the chat and returns the answer to the last one. Before the first turn they
   * may be a whole conversation, such as the request of a stateless client; a leading system
   * message becomes that of this conversation. On failure, the conversation is unchanged.
   *
   * @throws UserError if there is no message, the last one is the assistant's, the messages exceed
   *     the maximum sequence length, or the chat template refuses them
   */
  public Completion say(List<Message> messages, GenerationOptions options, TextListener listener) {
    if (messages.isEmpty() || messages.get(messages.size() - 1).fromAssistant()) {
      throw new UserError("expected messages of which the last one is not the assistant's");
    }
    int droppedBefore = dropped;
    int turnsBefore = turns.size();
    Optional<String> systemBefore = system;
    add(messages);
    boolean answered = false;
    try {
      int[] prompt = prompt(options.maxNewTokens());
      Completion answer = model.write(session, prompt, options, listener, dropped);
      turns.add(Message.assistant(answer.text()));
      answered = true;
      return answer;
    } finally {
      if (!answered) {
        turns.subList(turnsBefore, turns.size()).clear();
        dropped = droppedBefore;
        system = systemBefore;
      }
    }
  }

  private void add(List<Message> messages) {
    boolean begins = turns.isEmpty() && messages.get(0).role().equals("system");
    if (begins) {
      system = Optional.of(String.valueOf(messages.get(0).fields().get("content")));
    }
    turns.addAll(messages.subList(begins ? 1 : 0, messages.size()));
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
    return turns.stream().skip(dropped + 1L).anyMatch(Conversation::isUser);
  }

  private void dropExchange() {
    do {
      dropped++;
    } while (!isUser(turns.get(dropped)));
  }

  private static boolean isUser(Message turn) {
    return turn.role().equals("user");
  }

  private List<Message> kept() {
    List<Message> messages = new ArrayList<>();
    system.ifPresent(text -> messages.add(Message.system(text)));
    messages.addAll(turns.subList(dropped, turns.size()));
    return messages;
  }

  /** Returns all messages, the system message first. */
  public List<Message> messages() {
    List<Message> messages = new ArrayList<>();
    system.ifPresent(text -> messages.add(Message.system(text)));
    messages.addAll(turns);
    return messages;
  }

  /** Returns the number of the assistant's messages. */
  public int answers() {
    return Math.toIntExact(turns.stream().filter(Message::fromAssistant).count());
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

  /**
   * Activates these adapters from the next turn on; none for the base model.
   *
   * @throws UserError if there is no adapter of that name, or no chat template; nothing changes
   */
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
