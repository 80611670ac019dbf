package dev.lora4j.models.talk;

import dev.lora4j.UserError;
import dev.lora4j.models.generation.Session;
import dev.lora4j.models.text.Message;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A talk with a language model, turn after turn, with any adapter that it has at any turn. Each
 * turn reads only what is new: the rest is remembered as it was computed, until the adapter
 * changes. Where the talk gets longer than the model can read, its oldest turns are left out.
 */
public final class Conversation {
  /** Of the longest text, at most this part is kept free for an answer. */
  private static final int FREE_FOR_ANSWERS = 4;

  private final TextModel model;
  private final Session session;
  private final List<Message> turns = new ArrayList<>();
  private Optional<String> system = Optional.empty();
  private int forgotten; // so many of the first turns

  /**
   * Begins a talk with the adapters that are active now.
   *
   * @param session of a generator of the model's network; the caller closes it
   * @throws UserError if there is no chat template
   */
  public Conversation(TextModel model, Session session) {
    model.voice().templateOrRefusal();
    this.model = model;
    this.session = session;
  }

  /**
   * Says something and gets the answer. If that fails, it was not said.
   *
   * @throws UserError if it alone is longer than the model can read, or the template refuses it
   */
  public Answer say(String text, WritingOptions options, TextListener listener) {
    int forgottenBefore = forgotten;
    turns.add(Message.user(text));
    boolean answered = false;
    try {
      int[] prompt = prompt(options.maxNewTokens());
      Answer answer = model.write(session, prompt, options, listener, forgotten);
      turns.add(Message.assistant(answer.text()));
      answered = true;
      return answer;
    } finally {
      if (!answered) {
        turns.remove(turns.size() - 1);
        forgotten = forgottenBefore;
      }
    }
  }

  private int[] prompt(int maxNewTokens) {
    int longest = model.network().maxPositions();
    int free = Math.min(maxNewTokens, longest / FREE_FOR_ANSWERS);
    int[] prompt = model.voice().prompt(remembered());
    while (prompt.length + free > longest && canForget()) {
      forgetOneExchange();
      prompt = model.voice().prompt(remembered());
    }
    if (prompt.length >= longest) {
      throw new UserError(
          "that is too long: with the system message it has %d tokens, and the model's longest text has %d"
              .formatted(prompt.length, longest));
    }
    return prompt;
  }

  private boolean canForget() {
    return forgotten < turns.size() - 1;
  }

  private void forgetOneExchange() {
    do {
      forgotten++;
    } while (turns.get(forgotten).fromAssistant());
  }

  private List<Message> remembered() {
    List<Message> messages = new ArrayList<>();
    system.ifPresent(text -> messages.add(Message.system(text)));
    messages.addAll(turns.subList(forgotten, turns.size()));
    return messages;
  }

  /** The whole talk, the turns that were left out too. */
  public List<Message> messages() {
    List<Message> messages = new ArrayList<>();
    system.ifPresent(text -> messages.add(Message.system(text)));
    messages.addAll(turns);
    return messages;
  }

  /** How many answers there were. */
  public int answers() {
    return turns.size() / 2;
  }

  /** What the model should be, from the next turn on. */
  public void system(Optional<String> text) {
    system = text;
  }

  /** What the model should be. */
  public Optional<String> system() {
    return system;
  }

  /** Begins anew; the system message stays. */
  public void reset() {
    turns.clear();
    forgotten = 0;
    session.forget();
  }

  /**
   * Goes on with these adapters; none for the bare model.
   *
   * @throws UserError if there is none of that name, or no chat template with them; nothing changes
   */
  public void adapters(List<String> names) {
    List<String> before = model.active();
    model.activate(names);
    try {
      model.voice().templateOrRefusal();
    } catch (UserError e) {
      model.activate(before);
      throw e;
    }
    session.forget();
  }
}
