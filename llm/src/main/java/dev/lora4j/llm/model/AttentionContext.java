package dev.lora4j.llm.model;

import dev.lora4j.UserError;
import dev.lora4j.llm.model.CausalAttention.Text;
import dev.lora4j.llm.model.KeyValueCache.KeysAndValues;
import dev.lora4j.nn.kernel.AutogradContext;
import dev.lora4j.nn.kernel.DecodeAttention;
import dev.lora4j.nn.kernel.Ops;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/** The attention mask, position ids and KV cache of one forward pass, shared by all layers. */
public final class AttentionContext {
  private final TokenBatch tokens;
  private final @Nullable KeyValueCache cache;
  private final KeysAndValuesSink sink;
  private final long past;
  private final long end;
  private final @Nullable PrefixTree layout;
  private final CausalAttention causal;

  /** Appends a layer's new keys and values, {@code [batch, groups, tokens, dim]}; returns all. */
  @FunctionalInterface
  public interface KeysAndValuesSink {
    KeysAndValues append(int layer, Tensor keys, Tensor values);
  }

  private AttentionContext(
      TokenBatch tokens,
      @Nullable KeyValueCache cache,
      KeysAndValuesSink sink,
      long past,
      long end) {
    this.tokens = tokens;
    this.cache = cache;
    this.sink = sink;
    this.past = past;
    this.end = end;
    layout = tokens.layout().orElse(null);
    causal =
        new CausalAttention(
            layout == null ? List.of(new Text(past, tokens.length())) : layout.texts());
  }

  /** Attention within complete sequences, without a KV cache. */
  static AttentionContext over(TokenBatch tokens) {
    return new AttentionContext(
        tokens, null, (layer, keys, values) -> new KeysAndValues(keys, values), 0, tokens.length());
  }

  /** Attention of tokens that continue a KV cache. */
  public static AttentionContext continuing(TokenBatch tokens, KeyValueCache cache) {
    if (tokens.layout().isPresent()) {
      throw new UserError("packed sequences can't continue a KV cache; give each row one sequence");
    }
    long past = cache.length();
    return new AttentionContext(tokens, cache, cache::append, past, past + tokens.length());
  }

  /**
   * Attention of tokens that follow {@code past} others, whose keys and values a sink holds.
   *
   * @param end number of tokens of the whole text, of which other passes compute the rest
   */
  public static AttentionContext after(
      long past, long end, KeysAndValuesSink sink, TokenBatch tokens) {
    return new AttentionContext(tokens, null, sink, past, end);
  }

  public long past() {
    return past;
  }

  public long length() {
    return tokens.length();
  }

  /** Number of tokens of the whole text, those included that other passes compute. */
  public long end() {
    return end;
  }

  /** The position ids, where they differ from the positions in the row. */
  public Optional<Tensor> positions() {
    return tokens.positionIds();
  }

  /** Creates the attention masks for layers with these windows, in the caller's pointer scope. */
  public void prepare(Set<OptionalLong> windows, Tensor like) {
    windows.forEach(window -> causal.prepare(window, like));
  }

  /**
   * Computes causal attention, {@code softmax(q kᵀ / √dim) v} of each head.
   *
   * @param q {@code [batch, tokens, heads, dim]}
   * @param k as v, {@code [batch, tokens, groups, dim]}
   * @param rule window, soft cap of the scores, and dropout
   * @return {@code [batch, tokens, heads · dim]}
   */
  public Tensor attend(int layer, Tensor q, Tensor k, Tensor v, AttentionRule rule) {
    if (layout != null) {
      return attendBranches(layout, q, k, v, rule);
    }
    Tensor keys = k.transpose(1, 2); // [batch, groups, tokens, dim]
    Tensor values = v.transpose(1, 2);
    if (cache != null && DecodeAttention.suits(q, k, v)) {
      KeysAndValues memory = cache.memoryFor(layer, keys, values);
      return new DecodeAttention(
              memory.keys(), memory.values(), past, seen(rule.window()), rule.scoreCap())
          .attend(q, k, v);
    }
    KeysAndValues cached = sink.append(layer, keys, values);
    return cache != null && length() == 1
        ? attendOne(q, cached, rule)
        : causal.attend(q, cached.keys(), cached.values(), rule);
  }

  /** Attends within packed sequences, branch by branch. */
  private Tensor attendBranches(
      PrefixTree layout, Tensor q, Tensor k, Tensor v, AttentionRule rule) {
    List<Tensor> queries = layout.split(q);
    List<Tensor> keys = layout.paths(layout.split(k));
    List<Tensor> values = layout.paths(layout.split(v));
    List<Tensor> attended = new ArrayList<>();
    for (int i = 0; i < queries.size(); i++) {
      Tensor pathKeys = keys.get(i).transpose(1, 2);
      Tensor pathValues = values.get(i).transpose(1, 2);
      attended.add(causal.attend(queries.get(i), pathKeys, pathValues, rule));
    }
    Tensor all = AutogradContext.joined(1, attended);
    return q.size(0) == 1 ? all : all.view(q.size(0), q.size(1), -1); // a view would be kept
  }

  /** Attends from one token to the KV cache: heads that share a key are rows of one product. */
  private Tensor attendOne(Tensor q, KeysAndValues cached, AttentionRule rule) {
    Tensor seenKeys = last(cached.keys(), seen(rule.window()));
    Tensor seenValues = last(cached.values(), seen(rule.window()));
    long groups = cached.keys().size(1);
    Tensor rows = q.view(q.size(0), groups, q.size(2) / groups, q.size(3));
    return Ops.attention(rows, seenKeys, seenValues, null, false, rule.scoreCap(), 0)
        .reshape(q.size(0), 1, q.size(2) * q.size(3));
  }

  /** Returns the number of tokens that the last one attends to. */
  private long seen(OptionalLong window) {
    long all = past + length();
    return Math.min(all, window.orElse(all));
  }

  private static Tensor last(Tensor cached, long seen) {
    long all = cached.size(2);
    return seen == all ? cached : cached.narrow(2, all - seen, seen);
  }
}
