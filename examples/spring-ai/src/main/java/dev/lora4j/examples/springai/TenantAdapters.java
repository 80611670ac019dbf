package dev.lora4j.examples.springai;

import java.util.Map;
import java.util.Optional;
import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * The adapters of the tenants.
 *
 * @param tenants the adapter of each tenant, by its name on the server
 */
@ConfigurationProperties("adapters")
public record TenantAdapters(Map<String, String> tenants) {

  Optional<String> of(String tenant) {
    return Optional.ofNullable(tenants.get(tenant));
  }
}
