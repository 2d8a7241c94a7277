{{/*
What the schema cannot say: values that need each other. All that is wrong is said at once, and before anything is installed; the service
itself checks again at start.
*/}}
{{- define "latchkey.checks" -}}
{{- $settings := .Values.settings -}}
{{- $secrets := .Values.secrets -}}
{{- $problems := list -}}
{{- $drivers := list -}}
{{- $channels := include "latchkey.text" (get $settings "CHANNELS" | default "sms,email") | splitList "," -}}
{{- range $channels }}
{{- $name := printf "%s_DRIVERS" (trim . | upper) }}
{{- with get $settings $name }}
{{- range include "latchkey.text" . | splitList "," }}{{ $drivers = append $drivers (trim .) }}{{ end }}
{{- else }}
{{- $problems = append $problems (printf "settings.%s is required: which drivers send, such as webhook" $name) }}
{{- end }}
{{- end }}
{{- $needs := dict
  "twilio" (dict "settings" (list "TWILIO_ACCOUNT_SID") "secrets" (list "TWILIO_AUTH_TOKEN"))
  "smtp" (dict "settings" (list "EMAIL_FROM") "secrets" (list "SMTP_URL"))
  "webhook" (dict "settings" (list "SENDER_WEBHOOK_URL") "secrets" (list "SENDER_WEBHOOK_SECRET")) }}
{{- range $driver := uniq $drivers }}
{{- with get $needs $driver }}
{{- range .settings }}
{{- if not (get $settings .) }}{{ $problems = append $problems (printf "settings.%s is required by the driver %s" . $driver) }}{{ end }}
{{- end }}
{{- range .secrets }}
{{- if not (hasKey $secrets .) }}{{ $problems = append $problems (printf "secrets.%s is required by the driver %s" . $driver) }}{{ end }}
{{- end }}
{{- end }}
{{- end }}
{{- if and .Values.metrics.serviceMonitor.enabled (not (hasKey $secrets "METRICS_TOKEN")) }}
{{- $problems = append $problems "secrets.METRICS_TOKEN is required by metrics.serviceMonitor: without it there is no /metrics" }}
{{- end }}
{{- if .Values.ingress.enabled }}
{{- if not .Values.ingress.hosts }}
{{- $problems = append $problems "ingress.hosts is required by ingress: the names that people reach the service at" }}
{{- end }}
{{- if not (get $settings "TRUST_PROXY") }}
{{- $problems = append $problems "settings.TRUST_PROXY is required by ingress: the CIDR of its pods. Without it all people seem to come from one address, and share its limits" }}
{{- end }}
{{- end }}
{{- if and .Values.autoscaling.enabled (gt (int .Values.autoscaling.minReplicas) (int .Values.autoscaling.maxReplicas)) }}
{{- $problems = append $problems "autoscaling.minReplicas is more than autoscaling.maxReplicas" }}
{{- end }}
{{- if and .Values.migrations.role (not (hasKey .Values.migrations.secrets "DIRECT_DATABASE_URL")) }}
{{- $problems = append $problems "migrations.secrets.DIRECT_DATABASE_URL is required by migrations.role: the owner of the tables, who makes the role of DATABASE_URL" }}
{{- end }}
{{- if $problems }}
{{- fail (printf "\n%s" (join "\n" $problems)) }}
{{- end }}
{{- end -}}
