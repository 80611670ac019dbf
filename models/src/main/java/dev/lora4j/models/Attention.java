package dev.lora4j.models;

import dev.lora4j.UserError;
import dev.lora4j.models.CausalAttention.Text;
import dev.lora4j.models.KeyValueCache.KeysAndValues;
import dev.lora4j.nn.NextToken;
import dev.lora4j.nn.OnePass;
import dev.lora4j.nn.Ops;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * What the layers of one forward share: which tokens see which, and the cache of those that were
 * read before.
 */
final class Attention {
  private final Tokens tokens;
  private final @Nullable KeyValueCache cache;
  private final Appending appending;
  private final long past;
  private final @Nullable PrefixTree layout;
  private final CausalAttention causal;

  /** Takes a layer's keys and values in, and gives them and those before them. */
  @FunctionalInterface
  private interface Appending {
    KeysAndValues append(int layer, Tensor keys, Tensor values);
  }

  private Attention(Tokens tokens, @Nullable KeyValueCache cache, Appending appending, long past) {
    this.tokens = tokens;
    this.cache = cache;
    this.appending = appending;
    this.past = past;
    layout = tokens.layout().orElse(null);
    causal =
        new CausalAttention(
            layout == null ? List.of(new Text(past, tokens.length())) : layout.texts());
  }

  /** For tokens that are read at once. */
  static Attention over(Tokens tokens) {
    return new Attention(tokens, null, (layer, keys, values) -> new KeysAndValues(keys, values), 0);
  }

  /** For tokens that go on where the cache ends. */
  static Attention continuing(Tokens tokens, KeyValueCache cache) {
    if (tokens.layout().isPresent()) {
      throw new UserError("packed texts can't go on from a cache; give each row one text");
    }
    return new Attention(tokens, cache, cache::append, cache.length());
  }

  /** For the tokens of a prompt's part. */
  static Attention of(PromptParts.Part part, Tokens tokens) {
    return new Attention(tokens, null, part::append, part.past());
  }

  /** How many tokens were read before these. */
  long past() {
    return past;
  }

  /** How many tokens are read now. */
  long length() {
    return tokens.length();
  }

  /** Each token's place in its text, where it does not simply follow from its place in the row. */
  Optional<Tensor> positions() {
    return tokens.positions();
  }

  /** Makes the masks that layers with these windows will need, in the caller's scope. */
  void prepare(Set<OptionalLong> windows, Tensor like) {
    windows.forEach(window -> causal.prepare(window, like));
  }

  /**
   * Attends within the row, or within the last tokens of it.
   *
   * @param layer counted from 0
   * @param q {@code [batch, tokens, heads, dim]}
   * @param k {@code [batch, tokens, groups, dim]}
   * @param v {@code [batch, tokens, groups, dim]}
   * @param window how many tokens each one sees, itself included; empty for all
   * @param dropout probability that a weight is dropped
   * @return {@code [batch, tokens, heads · dim]}
   */
  Tensor attend(int layer, Tensor q, Tensor k, Tensor v, OptionalLong window, double dropout) {
    if (layout != null) {
      return ofBranches(layout, q, k, v, window, dropout);
    }
    Tensor keys = k.transpose(1, 2); // [batch, groups, tokens, dim]
    Tensor values = v.transpose(1, 2);
    if (cache != null && NextToken.suits(q, k, v)) {
      KeysAndValues memory = cache.memoryFor(layer, keys, values);
      return new NextToken(memory.keys(), memory.values(), past, seen(window)).attend(q, k, v);
    }
    KeysAndValues cached = appending.append(layer, keys, values);
    return cache != null && length() == 1
        ? one(q, cached, window)
        : causal.attend(q, cached.keys(), cached.values(), window, dropout);
  }

  /** Texts that stand side by side, branch by branch. */
  private Tensor ofBranches(
      PrefixTree layout, Tensor q, Tensor k, Tensor v, OptionalLong window, double dropout) {
    List<Tensor> queries = layout.split(q);
    List<Tensor> keys = layout.paths(layout.split(k));
    List<Tensor> values = layout.paths(layout.split(v));
    List<Tensor> attended = new ArrayList<>();
    for (int i = 0; i < queries.size(); i++) {
      Tensor keysOfPath = keys.get(i).transpose(1, 2);
      Tensor valuesOfPath = values.get(i).transpose(1, 2);
      attended.add(causal.attend(queries.get(i), keysOfPath, valuesOfPath, window, dropout));
    }
    Tensor all = OnePass.joined(1, attended);
    return q.size(0) == 1 ? all : all.view(q.size(0), q.size(1), -1); // a view would be kept
  }

  /** One token sees all that is cached: heads that share a key are rows of one product. */
  private Tensor one(Tensor q, KeysAndValues cached, OptionalLong window) {
    Tensor seenKeys = last(cached.keys(), seen(window));
    Tensor seenValues = last(cached.values(), seen(window));
    long groups = cached.keys().size(1);
    Tensor rows = q.view(q.size(0), groups, q.size(2) / groups, q.size(3));
    return Ops.attention(rows, seenKeys, seenValues, null, false, 0)
        .reshape(q.size(0), 1, q.size(2) * q.size(3));
  }

  /** How many tokens the last one sees. */
  private long seen(OptionalLong window) {
    long all = past + length();
    return Math.min(all, window.orElse(all));
  }

  private static Tensor last(Tensor cached, long seen) {
    long all = cached.size(2);
    return seen == all ? cached : cached.narrow(2, all - seen, seen);
  }
}
