package dev.lora4j.io.download;

import java.net.InetAddress;
import java.net.ProxySelector;
import java.net.URI;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
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
    FutureTask<InetAddress> lookup = new FutureTask<>(() -> InetAddress.getByName(host));
    Thread thread = new Thread(lookup, "lora4j-lookup");
    thread.setDaemon(true);
    thread.start();
    try {
      lookup.get(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException | ExecutionException e) {
      throw new UnknownHostException(host);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new UnknownHostException(host);
    }
  }
}
