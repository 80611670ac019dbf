package dev.lora4j.serve.engine;

import dev.lora4j.llm.decode.BatchDecoder;
import dev.lora4j.llm.decode.KvBlockPool;
import dev.lora4j.llm.decode.KvSequence;
import dev.lora4j.llm.decode.KvShape;
import dev.lora4j.llm.generate.FinishReason;
import dev.lora4j.llm.model.LanguageModel;
import dev.lora4j.lora.AdapterScope;
import dev.lora4j.nn.runtime.ThreadTeam;
import dev.lora4j.train.Workers;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.function.Function;
import java.util.function.Supplier;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Continuous batching: sequences join and leave the running batch at every token, each with its own
 * adapter. One thread runs the model; each step adds a token to every completion and reads a chunk
 * of the waiting prompts, so that long prompts do not stall the others.
 *
 * <p>A completion has the same tokens regardless of the rest of the batch: {@link BatchDecoder} is
 * batch-invariant, and what it does not support is computed one by one, prompts in fixed chunks.
 */
public final class BatchScheduler implements AutoCloseable {
  private static final int DEFAULT_TOKENS = 1024;
  private static final int PROMPT_TOKENS = 32; // of all prompts in a step

  private final ServedModel served;
  private final LanguageModel model;
  private final ServingLimits limits;
  private final EngineContext context;
  private final KvBlockPool pool;
  private final @Nullable BatchDecoder decoder; // null if the model has no batched decoder
  private final CountDownLatch ended = new CountDownLatch(1);

  private final Deque<GenerationRequest> waiting = new ArrayDeque<>(); // guarded by this
  private final List<Object> forgotten = new ArrayList<>(); // guarded by this
  private boolean closed; // guarded by this
  private volatile int running;
  private volatile double cacheUsage;

  // of the scheduler's thread
  private final Deque<RunningSequence> prefilling = new ArrayDeque<>();
  private final List<RunningSequence> decoding = new ArrayList<>();

  /** Starts the scheduler's thread. */
  public BatchScheduler(ServedModel served, ServingLimits limits) {
    this(served, limits, EngineContext.alone());
  }

  /** Starts the scheduler's thread, which computes in turn with the others of the context. */
  public BatchScheduler(ServedModel served, ServingLimits limits, EngineContext context) {
    this.served = served;
    this.limits = limits;
    this.context = context;
    model = served.chat().network();
    pool = new KvBlockPool(KvShape.of(model.config()), limits.cacheBytes());
    decoder = served.base().weights().map(base -> decoder(base, limits.maxBatch())).orElse(null);
    served.onRemoval(this::forget);
    new DaemonThreads("lora4j-scheduler").newThread(this::work).start();
  }

  private static BatchDecoder decoder(BatchDecoder.Adapted base, int sequences) {
    return new BatchDecoder(base, sequences, sequences + PROMPT_TOKENS);
  }

  // ---- requests, on any thread ----

  /**
   * Queues a completion.
   *
   * @throws QueueFull if too many requests wait
   * @throws IllegalStateException after {@link #close}
   */
  public synchronized void submit(GenerationRequest request) {
    if (closed) {
      throw new IllegalStateException("the server is shutting down");
    }
    dropCancelled();
    if (waiting.size() >= limits.maxQueue()) {
      throw QueueFull.ofRequests(waiting.size());
    }
    GenerationListener observed = context.observer().observe(served.name(), request);
    waiting.add(request.listener(new GuardedListener(observed)));
    notifyAll();
  }

  private void dropCancelled() {
    waiting.removeIf(
        request -> {
          boolean cancelled = request.listener().isCancelled();
          if (cancelled) {
            request.listener().onEnd(FinishReason.INTERRUPTED);
            request.adapter().close();
          }
          return cancelled;
        });
  }

  /** The largest number of completions of one request. */
  public int maxWaiting() {
    return limits.maxQueue();
  }

  /** The largest number of tokens of a prompt and its completion. */
  public long maxTokens() {
    return Math.min(served.maxPositions(), pool.capacityInTokens());
  }

  /** New tokens of a completion that gives no maximum: memory is reserved for all of them. */
  public int defaultTokens(int promptTokens) {
    return (int) Math.min(DEFAULT_TOKENS, maxTokens() - promptTokens);
  }

  public synchronized int waiting() {
    return waiting.size();
  }

  public int running() {
    return running;
  }

  /** The used part of the KV cache, cached prefixes included, from 0 to 1. */
  public double cacheUsage() {
    return cacheUsage;
  }

  private synchronized void forget(Object version) {
    forgotten.add(version);
  }

  // ---- the scheduler's thread ----

  private void work() {
    try (Workers workers = new Workers(limits.threads());
        ThreadTeam team = ThreadTeam.open(workers.count(), part -> workers.run(part::accept))) {
      while (awaitWork()) {
        try (EngineContext.Turn turn = context.turn();
            PointerScope scope = new PointerScope();
            NoGradGuard guard = new NoGradGuard()) {
          admit();
          dropCancelledPrompts();
          computeBatch();
          computeOthers();
        } catch (RuntimeException | VirtualMachineError e) {
          failRunning(e);
        }
        running = prefilling.size() + decoding.size();
        cacheUsage = pool.usage();
      }
    } finally {
      failAll(new IllegalStateException("the server is shutting down"));
      ended.countDown();
    }
  }

  /** Waits for a request; returns whether there is work. */
  private synchronized boolean awaitWork() {
    forgotten.forEach(pool::forget);
    forgotten.clear();
    dropCancelled();
    while (!closed && waiting.isEmpty() && prefilling.isEmpty() && decoding.isEmpty()) {
      try {
        wait();
      } catch (InterruptedException e) {
        closed = true;
      }
    }
    return !closed;
  }

  private void admit() {
    while (prefilling.size() + decoding.size() < limits.maxBatch()) {
      Optional<GenerationRequest> next = takeWaiting();
      if (next.isEmpty()) {
        return;
      }
      if (!begin(next.get())) {
        putBack(next.get()); // until a sequence ends
        return;
      }
    }
  }

  /** Takes the first request out of the queue, where other threads end cancelled ones. */
  private synchronized Optional<GenerationRequest> takeWaiting() {
    return Optional.ofNullable(waiting.poll());
  }

  private synchronized void putBack(GenerationRequest request) {
    waiting.addFirst(request);
  }

  /** Begins a completion, or ends it with its failure; returns whether the cache had room. */
  private boolean begin(GenerationRequest request) {
    try {
      long tokens = Math.min(maxTokens(), (long) request.prompt().size() + request.maxTokens());
      long[] prompt = request.prompt().stream().mapToLong(Long::longValue).toArray();
      Optional<KvSequence> cache = pool.open(request.adapter().version(), prompt, tokens);
      if (cache.isEmpty()) {
        return false;
      }
      prefilling.add(sequence(request, cache.get()));
      request.listener().onStart();
    } catch (RuntimeException | VirtualMachineError e) {
      request.listener().onFailure(e);
      request.adapter().close();
    }
    return true;
  }

  private RunningSequence sequence(GenerationRequest request, KvSequence cache) {
    try {
      return new RunningSequence(request, cache, Math.toIntExact(maxTokens()));
    } catch (RuntimeException | VirtualMachineError e) {
      cache.close();
      throw e;
    }
  }

  private void dropCancelledPrompts() {
    for (RunningSequence sequence : List.copyOf(prefilling)) {
      if (sequence.request().listener().isCancelled()) {
        prefilling.remove(sequence);
        end(sequence, FinishReason.INTERRUPTED);
      }
    }
  }

  /** Computes a token of each completion and the next tokens of the first prompts, together. */
  private void computeBatch() {
    if (decoder == null) {
      return;
    }
    List<RunningSequence> batch = new ArrayList<>();
    List<BatchDecoder.NextTokens> tokens = new ArrayList<>();
    int left = PROMPT_TOKENS;
    for (RunningSequence sequence : inWork()) {
      boolean isPrompt = sequence.cache().isPrefilling();
      if (isBatched(sequence) && (left > 0 || !isPrompt)) {
        List<Long> next = sequence.nextTokens(left);
        left -= isPrompt ? next.size() : 0;
        batch.add(sequence);
        tokens.add(new BatchDecoder.NextTokens(sequence.weights().get(), sequence.cache(), next));
      }
    }
    if (batch.isEmpty()) {
      return;
    }
    Tensor logits = decoder.step(tokens);
    for (int i = 0; i < batch.size(); i++) {
      RunningSequence sequence = batch.get(i);
      if (!sequence.cache().isPrefilling()) {
        Tensor row = logits.select(0, i);
        advance(sequence, () -> Optional.of(row));
      }
    }
  }

  /** Computes what a batch does not support: a token of each completion, a chunk of one prompt. */
  private void computeOthers() {
    for (RunningSequence sequence : List.copyOf(decoding)) {
      if (!isBatched(sequence)) {
        advance(sequence, () -> Optional.of(logitsAlone(sequence)));
      }
    }
    prefilling.stream().filter(s -> !isBatched(s)).findFirst().ifPresent(this::prefillChunk);
  }

  private void prefillChunk(RunningSequence sequence) {
    advance(
        sequence,
        () -> {
          Tensor hidden = withAdapter(sequence, network -> sequence.cache().prefill(network));
          return sequence.cache().isPrefilling()
              ? Optional.empty()
              : Optional.of(withAdapter(sequence, network -> network.logits(hidden)).flatten());
        });
  }

  /** Takes the next token of a completion, if the step has its logits: its prompt may go on. */
  private void advance(RunningSequence sequence, Supplier<Optional<Tensor>> step) {
    boolean isPrompt = prefilling.contains(sequence);
    Optional<FinishReason> finished =
        guarded(
            sequence,
            () -> {
              Optional<Tensor> logits = step.get();
              if (isPrompt && logits.isPresent()) {
                sequence.request().listener().onPrefilled(sequence.cache().cachedTokens());
              }
              return logits.flatMap(sequence::take);
            });
    if (finished.isPresent()) {
      prefilling.remove(sequence);
      decoding.remove(sequence);
      end(sequence, finished.get());
    } else if (isPrompt && !sequence.cache().isPrefilling()) {
      prefilling.remove(sequence);
      decoding.add(sequence);
    }
  }

  private List<RunningSequence> inWork() {
    List<RunningSequence> all = new ArrayList<>(decoding);
    all.addAll(prefilling);
    return all;
  }

  private boolean isBatched(RunningSequence sequence) {
    return decoder != null && sequence.weights().isPresent();
  }

  private Tensor logitsAlone(RunningSequence sequence) {
    return withAdapter(
        sequence,
        network -> network.logits(sequence.cache().append(network, sequence.last())).flatten());
  }

  private Tensor withAdapter(RunningSequence sequence, Function<LanguageModel, Tensor> work) {
    try (AdapterScope active = served.network().using(sequence.version().loaded())) {
      return work.apply(model);
    }
  }

  /** Runs a step of one sequence; its failure ends that sequence only. */
  private Optional<FinishReason> guarded(
      RunningSequence sequence, Supplier<Optional<FinishReason>> step) {
    try {
      return step.get();
    } catch (RuntimeException e) {
      sequence.request().listener().onFailure(e);
      return Optional.of(FinishReason.INTERRUPTED); // its end follows the failure, unread
    }
  }

  /** Ends all running sequences after a failure of the whole batch. */
  private void failRunning(Throwable failure) {
    List<RunningSequence> all = inWork();
    prefilling.clear();
    decoding.clear();
    for (RunningSequence sequence : all) {
      sequence.request().listener().onFailure(failure);
      sequence.close();
    }
  }

  private void failAll(Throwable failure) {
    List<GenerationRequest> rest;
    synchronized (this) {
      closed = true;
      rest = List.copyOf(waiting);
      waiting.clear();
    }
    failRunning(failure);
    for (GenerationRequest request : rest) {
      request.listener().onFailure(failure);
      request.adapter().close();
    }
  }

  /** The listener still uses the adapter's tokenizer, so the lease ends last. */
  private static void end(RunningSequence sequence, FinishReason reason) {
    try {
      sequence.request().listener().onEnd(reason);
    } finally {
      sequence.close();
    }
  }

  /** Ends all requests, those that are running too, and frees the memory. */
  @Override
  public void close() {
    synchronized (this) {
      closed = true;
      notifyAll();
    }
    Uninterrupted.await(ended::await);
    if (decoder != null) {
      decoder.close();
    }
    pool.close();
  }
}
