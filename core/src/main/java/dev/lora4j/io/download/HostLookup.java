package dev.lora4j.io.download;

import java.net.InetAddress;
import java.net.ProxySelector;
import java.net.URI;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Reports quickly that a host has no address; a resolver alone may take half a minute. */
public final class HostLookup {
  private HostLookup() {}

  /** Returns normally if the host has an address, or a proxy looks it up. */
  public static void check(URI uri, Duration limit) throws UnknownHostException {
    ProxySelector proxies = ProxySelector.getDefault();
    if (proxies != null
        && proxies.select(uri).stream().anyMatch(p -> p.type() != java.net.Proxy.Type.DIRECT)) {
      return;
    }
    String host = uri.getHost();
    CompletableFuture<Boolean> found = new CompletableFuture<>();
    Thread lookup = new Thread(() -> found.complete(hasAddress(host)), "lora4j-lookup");
    lookup.setDaemon(true);
    lookup.start();
    try {
      if (!found.get(limit.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new UnknownHostException(host);
      }
    } catch (TimeoutException | ExecutionException e) {
      throw new UnknownHostException(host);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new UnknownHostException(host);
    }
  }

  private static boolean hasAddress(String host) {
    try {
      return InetAddress.getAllByName(host).length > 0;
    } catch (UnknownHostException e) {
      return false;
    }
  }
}
