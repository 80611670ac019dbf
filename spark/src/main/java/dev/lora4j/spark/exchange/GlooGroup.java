package dev.lora4j.spark.exchange;

import dev.lora4j.UserError;
import dev.lora4j.train.group.BlockSum;
import dev.lora4j.train.group.ProcessGroup;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.UnaryOperator;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.javacpp.chrono.Milliseconds;
import org.bytedeco.pytorch.GlooDeviceVector;
import org.bytedeco.pytorch.LongVector;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.ProcessGroupGloo;
import org.bytedeco.pytorch.TCPStore;
import org.bytedeco.pytorch.TCPStoreOptions;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.Work;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch_gloo;

/**
 * A process group by Gloo's collectives over TCP. The fast sum is an all-reduce of each process's
 * sum. The ordered one divides the block into as many chunks as there are processes: each process
 * receives its chunk of every worker's block, adds them in the workers' order, and sends the sum to
 * all, so that no process receives more than its workers' part.
 */
public final class GlooGroup implements ProcessGroup {
  private static final String TIMED_OUT = "timed out"; // in Gloo's messages
  private static final int MESSAGE = 512; // bytes of a message that needs no second exchange
  private static final int THREADS = 2;

  private final int rank;
  private final int size;
  private final int workers; // of each process
  private final Reduction reduction;
  private final Duration timeout;
  private final TCPStore store;
  private final ProcessGroupGloo gloo;

  private GlooGroup(Place place, TCPStore store, ProcessGroupGloo gloo) {
    rank = place.rank();
    size = place.hosts().size();
    workers = place.workers();
    reduction = place.reduction();
    timeout = place.timeout();
    this.store = store;
    this.gloo = gloo;
  }

  /** Returns whether Gloo's native library can be loaded. */
  public static boolean isAvailable() {
    try {
      Loader.load(torch_gloo.class);
      return true;
    } catch (UnsatisfiedLinkError | NoClassDefFoundError e) {
      return false;
    }
  }

  /**
   * A process's place in a group.
   *
   * @param hosts of the processes, by rank
   * @param workers number of workers of each process
   * @param timeout longest wait for the other processes
   */
  public record Place(
      int rank, List<String> hosts, int workers, Reduction reduction, Duration timeout) {
    /** Copies the hosts. */
    public Place {
      hosts = List.copyOf(hosts);
    }
  }

  /**
   * Joins the group. Every process calls it.
   *
   * @param toAll passes the first process's text to all; the others' texts are empty
   */
  public static GlooGroup join(Place place, UnaryOperator<String> toAll) {
    try (PointerScope scope = new PointerScope()) {
      int rank = place.rank();
      List<String> hosts = place.hosts();
      Milliseconds timeout = new Milliseconds(place.timeout().toMillis());
      TCPStore store = rank == 0 ? serve(hosts.get(0), timeout) : null;
      int own = store == null ? 0 : Short.toUnsignedInt(store.getPort());
      int port = Integer.parseInt(toAll.apply(store == null ? "" : Integer.toString(own)));
      TCPStore joined = store == null ? connect(hosts.get(0), port, timeout) : store;
      ProcessGroupGloo.Options options = ProcessGroupGloo.Options.create(timeout);
      options.threads(THREADS);
      options.devices(
          new GlooDeviceVector(ProcessGroupGloo.createDeviceForHostname(hosts.get(rank))));
      ProcessGroupGloo gloo = new ProcessGroupGloo(joined, rank, hosts.size(), options);
      joined.retainReference();
      gloo.retainReference();
      return new GlooGroup(place, joined, gloo);
    }
  }

  private static TCPStore serve(String host, Milliseconds timeout) {
    return new TCPStore(host, options(timeout).isServer(true).port((short) 0));
  }

  private static TCPStore connect(String host, int port, Milliseconds timeout) {
    return new TCPStore(host, options(timeout).isServer(false).port((short) port));
  }

  private static TCPStoreOptions options(Milliseconds timeout) {
    return new TCPStoreOptions().waitWorkers(false).useLibUV(false).timeout(timeout);
  }

  @Override
  public int rank() {
    return rank;
  }

  @Override
  public int size() {
    return size;
  }

  // ---- messages ----

  @Override
  public List<byte[]> gather(byte[] own) {
    List<byte[]> first = gather(own, MESSAGE);
    int longest = MESSAGE;
    for (byte[] frame : first) {
      longest = Math.max(longest, Integer.BYTES + ByteBuffer.wrap(frame).getInt());
    }
    List<byte[]> frames = longest > MESSAGE ? gather(own, longest) : first;
    List<byte[]> all = new ArrayList<>();
    for (byte[] frame : frames) {
      ByteBuffer in = ByteBuffer.wrap(frame);
      byte[] bytes = new byte[in.getInt()];
      in.get(bytes);
      all.add(bytes);
    }
    return all;
  }

  /** Exchanges frames of one size: the number of bytes, and as many of them as fit. */
  private List<byte[]> gather(byte[] own, int frame) {
    ByteBuffer out = ByteBuffer.allocate(frame);
    out.putInt(own.length);
    out.put(own, 0, Math.min(own.length, out.remaining()));
    byte[] received = new byte[frame * size];
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      Tensor from = torch.empty(frame).to(torch.ScalarType.Byte);
      new BytePointer(from.data_ptr()).put(out.array());
      Tensor to = torch.empty((long) frame * size).to(torch.ScalarType.Byte);
      await(gloo._allgather_base(to, from));
      new BytePointer(to.data_ptr()).get(received);
    }
    List<byte[]> frames = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      frames.add(Arrays.copyOfRange(received, i * frame, (i + 1) * frame));
    }
    return frames;
  }

  // ---- sums ----

  @Override
  public void sum(List<Tensor> own, int blocks, Tensor sum) {
    if (sum.is_cuda()) {
      throw new UserError("training on Spark computes on CPUs; set the device to cpu");
    }
    try (PointerScope scope = new PointerScope();
        NoGradGuard guard = new NoGradGuard()) {
      if (reduction == Reduction.FAST) {
        BlockSum.inOrder(own, sum);
        await(gloo.allreduce(new TensorVector(sum)));
      } else {
        ordered(own, blocks, sum);
      }
    }
  }

  private void ordered(List<Tensor> own, int blocks, Tensor sum) {
    long length = sum.numel();
    long chunk = (length + size - 1) / size;
    Tensor mine = torch.zeros(workers, chunk * size);
    for (int i = 0; i < own.size(); i++) {
      mine.select(0, i).narrow(0, 0, length).copy_(own.get(i));
    }
    Tensor out = mine.view(workers, size, chunk).transpose(0, 1).contiguous(); // [size, w, chunk]
    Tensor in = torch.empty(size, workers, chunk);
    await(gloo.alltoall_base(in, out, new LongVector(), new LongVector()));
    Tensor chunks = in.view((long) size * workers, chunk); // of every worker, in their order
    List<Tensor> parts = new ArrayList<>();
    for (int worker = 0; worker < blocks; worker++) {
      parts.add(chunks.select(0, worker));
    }
    Tensor part = torch.empty(chunk);
    BlockSum.inOrder(parts, part);
    Tensor all = torch.empty(chunk * size);
    await(gloo._allgather_base(all, part));
    sum.copy_(all.narrow(0, 0, length));
  }

  private void await(Work work) {
    try {
      work._wait();
    } catch (RuntimeException e) {
      if (String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT).contains(TIMED_OUT)) {
        throw new IllegalStateException(
            ("no answer of the other executors within %s; if they only need longer, for a"
                    + " checkpoint on a slow disk say, raise the timeout")
                .formatted(timeout.toString().substring(2).toLowerCase(Locale.ROOT)),
            e);
      }
      throw e;
    }
  }

  @Override
  public void close() {
    gloo.deallocate();
    store.deallocate();
  }
}
