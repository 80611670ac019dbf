package dev.lora4j.nn.block;

import java.nio.ByteBuffer;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Products with empty groups on a thread of their own while weights are read, so that the compiler
 * has optimised them before the first token is decoded, which would take a second longer.
 */
public final class ProductWarmUp {
  /** Found by trial: the optimising compiler counts 600 calls, but not the first ones. */
  private static final int CALLS = 2_000;

  private static final int COLUMNS = 256;

  private static final Set<BlockType> STARTED = ConcurrentHashMap.newKeySet();

  private ProductWarmUp() {}

  /** Starts the products of a type, once in a process, if vectors compute them. */
  public static void start(BlockType type) {
    if (GroupProducts.areFast() && STARTED.add(type)) {
      Thread thread = new Thread(() -> run(RowGroups.of(type, COLUMNS)), "lora4j-warm-up");
      thread.setDaemon(true);
      thread.start();
    }
  }

  private static void run(RowGroups groups) {
    int count = GroupProducts.GROUPS;
    GroupMemory memory = new GroupMemory(ByteBuffer.allocateDirect(count * groups.groupBytes()));
    GroupProducts products = new GroupProducts(groups);
    RoundedInput input = new RoundedInput(groups.inputOrder());
    float[] x = new float[COLUMNS];
    float[] y = new float[GroupProducts.ROWS];
    for (int call = 0; call < CALLS; call++) {
      input.round(x, COLUMNS);
      products.multiply(memory, 0, count, input, y);
    }
  }
}
